import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "protos" / "python" / "brickwork"


def floor(name: str) -> str:
    """Return the lowest version that the wire's dist allows of a runtime."""
    project = tomllib.loads((ROOT / "protos" / "pyproject.toml").read_text())["project"]
    requirements = {each.name: each for each in map(Requirement, project["dependencies"])}
    return next(str(s.version) for s in requirements[name].specifier if s.operator == ">=")


def demanded_by(suffix: str, pattern: str) -> set[str]:
    """Return the versions that generated files of one kind demand."""
    texts = [path.read_text() for path in sorted(GENERATED.rglob(f"*{suffix}.py"))]
    found = [re.search(pattern, text) for text in texts]
    assert found
    assert all(found)
    return {".".join(match.groups()) for match in found if match}


@pytest.mark.parametrize(
    ("runtime", "suffix", "pattern"),
    [
        ("protobuf", "_pb2", r"Domain\.PUBLIC,\s*(\d+),\s*(\d+),\s*(\d+)"),
        ("grpcio", "_pb2_grpc", r"GRPC_GENERATED_VERSION = '(\d+)\.(\d+)\.(\d+)'"),
    ],
)
def test_the_dist_of_the_wire_allows_no_runtime_older_than_its_code(
    runtime: str, suffix: str, pattern: str
) -> None:
    assert demanded_by(suffix, pattern) == {floor(runtime)}
