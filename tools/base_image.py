"""Make a base image out of Debian packages, where no image registry can be reached.

Needs root, `debootstrap` and a Docker engine. What comes out is a Debian with Python and nothing
that only serves its administration: no lists of packages, no manuals, no translations. The licences
stay, for those who pass an image on.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = ("python3", "python3-venv")
LEFT_OUT = (
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
)


def main() -> int:
    """Make the image; return the exit status of what failed, or 0."""
    parser = argparse.ArgumentParser(description="Make a base image out of Debian packages.")
    parser.add_argument("name", help="what to call it, such as brickwork-base:bookworm")
    parser.add_argument("--suite", default="bookworm", help="release of Debian, 12 or newer")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="brickwork-base-") as folder:
        root = Path(folder) / "root"
        made = subprocess.run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={','.join(PACKAGES)}",
                arguments.suite,
                str(root),
            ],
            stdout=sys.stderr,
        )
        if made.returncode:
            return made.returncode
        for page in (root / "usr/share/doc").rglob("*"):
            if page.name != "copyright" and not page.is_dir():
                page.unlink()
        words = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        with subprocess.Popen(
            ["tar", "--create", "--directory", str(root), *words, "."], stdout=subprocess.PIPE
        ) as packing:
            loaded = subprocess.run(
                ["docker", "import", "-", arguments.name], stdin=packing.stdout, check=False
            )
    return loaded.returncode or packing.returncode


if __name__ == "__main__":
    sys.exit(main())
