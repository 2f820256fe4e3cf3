"""Generate the Python code of the wire from protos/, and keep its floors in step."""

import argparse
import filecmp
import re
import shutil
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
OUT = PROTOS / "python"


def generate(out: Path) -> None:
    """Write the generated code of every proto file below `out`."""
    sources = sorted(str(path) for path in PROTOS.glob("brickwork/*/*/*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    plugins = Path(sys.executable).parent
    arguments = [
        "protoc",
        f"-I{PROTOS}",
        f"-I{well_known}",
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--python_out={out}",
        f"--grpc_python_out={out}",
        f"--mypy_out={out}",
        f"--mypy_grpc_out={out}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc refused the protos; its message is above")
    for stub in out.rglob("*_pb2_grpc.py*"):
        proto = stub.relative_to(out).parent / (stub.name.split("_pb2_grpc")[0] + ".proto")
        if not re.search(r"^service ", (PROTOS / proto).read_text(), re.MULTILINE):
            stub.unlink()
    (out / "brickwork" / "py.typed").touch()


def floors(out: Path) -> dict[str, str]:
    """Read from the generated code which runtimes it demands at least."""
    text = next(out.rglob("*_pb2.py")).read_text()
    protobuf = ".".join(
        re.findall(r"_runtime_version\.Domain\.PUBLIC,\s*(\d+),\s*(\d+),\s*(\d+)", text)[0]
    )
    return {"protobuf": protobuf, "grpcio": version("grpcio-tools")}


def stamp_floors(pyproject: str, demanded: dict[str, str]) -> str:
    """Write the demanded runtimes into the text of protos/pyproject.toml."""
    for name, floor in demanded.items():
        ceiling = int(floor.split(".")[0]) + 1
        pyproject = re.sub(rf'"{name}[^"]*"', f'"{name}>={floor},<{ceiling}"', pyproject)
    return pyproject


def differing(left: Path, right: Path) -> list[str]:
    """List relative paths of files that are missing on a side or differ."""
    names = {
        p.relative_to(side) for side in (left, right) for p in side.rglob("*.py*") if p.is_file()
    }
    names = {name for name in names if "__pycache__" not in name.parts}
    return sorted(
        str(name)
        for name in names
        if not ((left / name).is_file() and (right / name).is_file())
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> int:
    """Generate, or with --check tell what is out of step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    arguments = parser.parse_args()
    pyproject = PROTOS / "pyproject.toml"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        stamped = stamp_floors(pyproject.read_text(), floors(fresh))
        if arguments.check:
            stale = differing(fresh, OUT)
            if stamped != pyproject.read_text():
                stale.append("protos/pyproject.toml (floors)")
            for name in stale:
                print(f"out of step with the protos: {name}", file=sys.stderr)
            return 1 if stale else 0
        shutil.rmtree(OUT, ignore_errors=True)
        shutil.copytree(fresh, OUT)
        pyproject.write_text(stamped)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
