"""Run every check that needs no test runner, two at a time, and show all that fail."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class Check(NamedTuple):
    """A name for people, and the words of the command."""

    name: str
    command: Sequence[str | Path]


# Packages whose import name the installed metadata does not tell, as they share a namespace.
MODULES = (
    "brickwork-protos=brickwork,protobuf=google,googleapis-common-protos=google,"
    "nemo-toolkit=nemo"  # It is not installed here, so that nothing tells.
)


def declared(dist: str) -> Check:
    """Return the check that a dist declares what it imports, and nothing else."""
    command = (BIN / "deptry", f"{dist}/src", f"--config={dist}/pyproject.toml", "--no-ansi")
    return Check(f"declared: {Path(dist).name}", (*command, f"--package-module-name-map={MODULES}"))


def dists() -> list[str]:
    """Return the folders of the dists that were written by hand."""
    projects = sorted(ROOT.glob("[a-z]*/**/pyproject.toml"))
    folders = [project.parent for project in projects]
    return [str(folder.relative_to(ROOT)) for folder in folders if (folder / "src").is_dir()]


# The slowest first, so that the others run beside it.
CHECKS = (
    Check("types", (BIN / "mypy",)),
    Check("format", (BIN / "ruff", "format", "--check", "--quiet", ".")),
    Check("lint", (BIN / "ruff", "check", "--quiet", ".")),
    Check("imports", (BIN / "lint-imports", "--no-logo")),
    Check("wire: style", (BIN / "buf", "lint", "protos")),
    Check(
        "wire: breaking",
        (BIN / "buf", "breaking", "protos", "--against", "protos/baseline.binpb"),
    ),
    Check("wire: generated code", (sys.executable, "tools/gen_protos.py", "--check")),
    Check("reference docs", (sys.executable, "tools/docs.py", "--check")),
    Check("dashboard", (sys.executable, "tools/dashboard.py", "--check")),
    Check("tidy", (sys.executable, "tools/tidy.py")),
    *(declared(dist) for dist in dists()),
)


class Outcome(NamedTuple):
    """How one check ended."""

    check: Check
    passed: bool
    seconds: float
    output: str


def run(check: Check) -> Outcome:
    """Run one check and keep what it says."""
    start = time.monotonic()
    finished = subprocess.run(
        [str(word) for word in check.command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.monotonic() - start
    return Outcome(check, finished.returncode == 0, seconds, finished.stdout)


def main() -> int:
    """Run all checks, whatever fails."""
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome in pool.map(run, CHECKS):
            verdict = "ok" if outcome.passed else "FAILED"
            print(f"{outcome.check.name:<22} {verdict:<6} {outcome.seconds:6.1f} s", flush=True)
            if not outcome.passed:
                failed += 1
                print(outcome.output)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
