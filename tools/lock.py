"""Compile the hashed requirement files in `locks/` from what the dists declare.

Every file holds for CPython 3.11 to 3.13 on Linux x86-64. It names versions and
hashes and nothing of the machine that made it: no index, no header, no path.
Versions that are locked already stay unless `--upgrade` is given. `gpu.txt` and
`<dist>-gpu.txt` are `dev.txt` and `<dist>.txt` for a machine with a GPU, and
`nemo.txt` and `<dist>-nemo.txt` the same with NeMo.
"""

import argparse
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
TOOLS = ROOT / "tools"
UV = ROOT / ".venv" / "bin" / "uv"

OWN_DISTS = ("protos", "sdk", "services/*", "gateway", "cli")
LOCKED_ALONE = ("services/*", "gateway", "cli")
OLDER_FOR_NEMO = ("fsspec", "omegaconf", "packaging")
"""NeMo and its Lightning refuse the versions of these that everything else has."""


def projects(patterns: Sequence[str]) -> list[Path]:
    """Return the pyproject files of the dists whose folders match, in order."""
    return [path for each in patterns for path in sorted(ROOT.glob(f"{each}/pyproject.toml"))]


def own_names() -> list[str]:
    """Return the names of our own dists, which no lock may hold."""
    folders = [path.parent.name for path in projects(OWN_DISTS)]
    return [f"brickwork-{name}" for name in folders]


def compile_lock(uv: Path, sources: Sequence[Path], target: Path, options: Sequence[str]) -> None:
    """Write one lock with uv; `sources` are requirement or pyproject files."""
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version=3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--no-header", "--no-annotate", *options, "--output-file", str(target)]
    command += [str(source) for source in sources]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def variants(extra: str) -> list[Path]:
    """Return the pyproject files of the dists that have an extra of this name."""
    return [path for path in projects(LOCKED_ALONE) if further_requirements(path, extra)]


def further_requirements(project: Path, extra: str) -> list[str]:
    """Return what a dist needs besides for one of its extras; none where it has no such."""
    extras = tomllib.loads(project.read_text())["project"].get("optional-dependencies", {})
    return list(extras.get(extra, ()))


def pins(lock: Path, but: Sequence[str]) -> str:
    """Return the versions that a lock names, without those of some packages."""
    lines = [line.removesuffix("\\") for line in lock.read_text().splitlines() if line[0] != " "]
    return "\n".join(line for line in lines if line.partition("==")[0] not in but)


def main() -> None:
    """Compile every lock; all but uv's take their versions from dev."""
    parser = argparse.ArgumentParser(description="Compile the hashed requirement files in locks/.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--uv", type=Path, default=UV, help="the uv to compile with")
    arguments = parser.parse_args()
    LOCKS.mkdir(exist_ok=True)

    upgrade = ["--upgrade"] if arguments.upgrade else []
    ours = [f"--no-emit-package={name}" for name in own_names()]
    resolved = [*ours, f"--override={TOOLS / 'overrides.in'}"]

    compile_lock(arguments.uv, [TOOLS / "uv.in"], LOCKS / "uv.txt", upgrade)
    everything = [*projects(OWN_DISTS), TOOLS / "dev.in"]
    compile_lock(arguments.uv, everything, LOCKS / "dev.txt", [*resolved, *upgrade])
    as_in_dev = [f"--constraint={LOCKS / 'dev.txt'}", *upgrade]
    for project in projects(LOCKED_ALONE):
        target = LOCKS / f"{project.parent.name}.txt"
        compile_lock(arguments.uv, [project], target, [*resolved, *as_in_dev])
    # Whoever installs onnxruntime-gpu must not have onnxruntime too: the two hold the same files.
    one_runtime = f"--override={TOOLS / 'overrides-gpu.in'}"
    for_gpu = [*resolved, "--extra=gpu", one_runtime]
    compile_lock(arguments.uv, everything, LOCKS / "gpu.txt", [*for_gpu, *as_in_dev])
    as_in_gpu = [f"--constraint={LOCKS / 'gpu.txt'}", *as_in_dev]
    for project in variants("gpu"):
        target = LOCKS / f"{project.parent.name}-gpu.txt"
        further = further_requirements(project, "gpu")
        has_runtime = any(one.startswith("onnxruntime-gpu") for one in further)
        options = for_gpu if has_runtime else [*resolved, "--extra=gpu"]
        compile_lock(arguments.uv, [project], target, [*options, *as_in_gpu])
    with_nemo = [*resolved, "--extra=nemo", *upgrade]
    with tempfile.NamedTemporaryFile("w") as older:
        older.write(pins(LOCKS / "dev.txt", but=OLDER_FOR_NEMO))
        older.flush()
        nearly_dev = [*with_nemo, f"--constraint={older.name}"]
        compile_lock(arguments.uv, everything, LOCKS / "nemo.txt", nearly_dev)
    as_in_nemo = [*with_nemo, f"--constraint={LOCKS / 'nemo.txt'}"]
    for project in variants("nemo"):
        target = LOCKS / f"{project.parent.name}-nemo.txt"
        compile_lock(arguments.uv, [project], target, as_in_nemo)
    weights = [TOOLS / "models.in"]
    compile_lock(arguments.uv, weights, LOCKS / "models.txt", ["--no-deps", *as_in_dev])
    compile_lock(arguments.uv, [TOOLS / "build.in"], LOCKS / "build.txt", as_in_dev)


if __name__ == "__main__":
    main()
