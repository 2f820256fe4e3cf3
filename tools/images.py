"""Build the images of the services, one after the other, and print their sizes.

The words after the options are the targets of the Dockerfile; without any it is all of them. A site
whose package index needs an address or a certificate of its own says so in pip's own file of
settings, which the builder sees and no image holds.
"""

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BRICKS = ("asr", "diarize", "ocr", "translate", "llm")
SERVICES = ("valkey", "broker", *BRICKS, "gateway", "models")


def version() -> str:
    """Return the version of our dists, which is the tag of the images."""
    project = tomllib.loads((ROOT / "gateway" / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def services_with(variant: str) -> list[str]:
    """Return the services that have a lock of this variant."""
    return [name for name in BRICKS if (ROOT / "locks" / f"{name}-{variant}.txt").exists()]


def build(service: str, arguments: argparse.Namespace) -> int:
    """Build one image and return the exit status."""
    suffix = f"-{arguments.variant}" if arguments.variant else ""
    command = ["docker", "build", "--target", service]
    command += ["--tag", f"brickwork-{service}:{version()}{suffix}"]
    command += ["--build-arg", f"VARIANT={suffix}"]
    if arguments.base:
        command += ["--build-arg", f"BASE_IMAGE={arguments.base}"]
    if arguments.network:
        command += ["--network", arguments.network]
    for name, path in (("pip", arguments.pip_settings), ("ca", arguments.certificates)):
        if path:
            command += ["--secret", f"id={name},src={path}"]
    environment = dict(os.environ, DOCKER_BUILDKIT="1")
    return subprocess.run([*command, str(ROOT)], env=environment).returncode


def size_bytes(service: str, tag: str) -> int:
    """Return how much an image takes on disk, shared layers included."""
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", f"brickwork-{service}:{tag}"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Build what was named; return the exit status of the first that fails, or 0."""
    parser = argparse.ArgumentParser(description="Build the images of the services.")
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="; ".join(SERVICES))
    parser.add_argument("--base", default="", help="base image; the Dockerfile names another")
    parser.add_argument(
        "--variant", choices=("gpu", "nemo"), help="build what has further libraries"
    )
    parser.add_argument("--network", default="", help="network of the build, such as host")
    parser.add_argument("--pip-settings", default="", help="file of settings for pip")
    parser.add_argument("--certificates", default="", help="file that pip finds as /run/secrets/ca")
    arguments = parser.parse_args()
    variant = arguments.variant
    services = arguments.services or (services_with(variant) if variant else SERVICES)
    for name in services:
        if name not in SERVICES:
            parser.error(f"there is no image of {name}")
    for service in services:
        status = build(service, arguments)
        if status:
            return status
    tag = version() + (f"-{variant}" if variant else "")
    for service in services:
        print(f"brickwork-{service}:{tag:<12} {size_bytes(service, tag) / 1e6:7.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
