from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BRICKS = sorted(path.name for path in (ROOT / "services").iterdir() if path.name != "broker")


def parts(name: str) -> list[str]:
    """List the files that a brick is made of, as patterns below the root."""
    package = f"services/{name}/src/brickwork_{name}"
    modules = ("__init__", "__main__", "settings", "engine", "scripted_engine", "servicer")
    return [
        f"protos/brickwork/{name}/v1/{name}.proto",
        f"services/{name}/pyproject.toml",
        f"services/{name}/README.md",
        *(f"{package}/{module}.py" for module in modules),
        f"{package}/py.typed",
        f"{package}/models.json",
        f"services/{name}/tests/unit/test_*.py",
        f"locks/{name}.txt",
    ]


def missing_parts(root: Path, name: str) -> list[str]:
    """Name the parts of a brick that are not there."""
    package = f"services/{name}/src/brickwork_{name}"
    missing = [part for part in parts(name) if not any(root.glob(part))]
    if {path.stem for path in root.glob(f"{package}/*_engine.py")} <= {"scripted_engine"}:
        missing.append(f"{package}/LIBRARY_engine.py")
    return missing


@pytest.mark.parametrize("name", BRICKS)
def test_every_brick_is_whole(name: str) -> None:
    assert missing_parts(ROOT, name) == []


@pytest.mark.parametrize("name", [*BRICKS, "broker"])
def test_imports_of_every_service_are_checked(name: str) -> None:
    contracts = (ROOT / ".importlinter").read_text()
    roots = contracts.split("root_packages =")[1].split("include_external_packages")[0]
    assert f"brickwork_{name}" in roots.split()


def test_a_brick_without_a_part_is_told_which(tmp_path: Path) -> None:
    package = "services/tts/src/brickwork_tts"
    assert missing_parts(tmp_path, "tts") == [*parts("tts"), f"{package}/LIBRARY_engine.py"]

    for part in [*parts("tts"), f"{package}/vits_engine.py"]:
        path = tmp_path / part.replace("*", "one")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert missing_parts(tmp_path, "tts") == []

    (tmp_path / package / "vits_engine.py").unlink()
    assert missing_parts(tmp_path, "tts") == [f"{package}/LIBRARY_engine.py"]
