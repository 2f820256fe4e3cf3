"""A brick has all its parts, and is known wherever every brick must be.

`make new-brick` leaves to people what only they can decide; it is named here until it is done.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BRICKS = sorted(path.name for path in (ROOT / "services").iterdir() if path.name != "broker")


def parts(name: str) -> list[str]:
    """List the files that a brick is made of, as patterns below the root."""
    package = f"services/{name}/src/brickwork_{name}"
    modules = ("__init__", "__main__", "settings", "limits", "engine", "scripted_engine")
    return [
        f"protos/brickwork/{name}/v1/{name}.proto",
        f"services/{name}/pyproject.toml",
        f"services/{name}/README.md",
        *(f"{package}/{module}.py" for module in (*modules, "servicer")),
        f"{package}/py.typed",
        f"{package}/models.json",
        f"services/{name}/tests/unit/test_*.py",
        f"locks/{name}.txt",
    ]


# Where a brick must be named besides its own folders, and by which words.
MENTIONS = {
    ".importlinter": "    brickwork_{name}\n",
    "pyproject.toml": '"services/{name}/src"',
    "cli/src/brickwork_cli/plan.py": '"{name}"',
    "gateway/src/brickwork_gateway/settings.py": '"{name}": self.{name}',
    "Dockerfile": "FROM runtime AS {name}\n",
    "compose/compose.yaml": "  {name}:\n    <<: *service\n",
    "compose/prometheus/containers.yaml": " {name},",
    "tools/images.py": '"{name}"',
    "tests/contract/streams.py": "{name}_pb2_grpc.",
    "tests/contract/test_reflection.py": '"brickwork.{name}.v1.',
    "tests/contract/test_streams.py": "brickwork_{name}.settings",
    "docs/reference/rpcs.md": "## brickwork.{name}.v1\n",
    "docs/reference/settings.md": "## brickwork_{name}\n",
}
UNFILLED = "Fill in: "
"""The words that a file of the skeleton starts its hint with; who fills it in takes them out."""


def listed(paths: list[str]) -> str:
    """Render paths one a line; pytest cuts the lists that it compares."""
    return "\n" + "\n".join(paths)


def missing_mentions(root: Path, name: str) -> list[str]:
    """Name the files that every brick is named in, where this one is not."""
    return [
        path
        for path, words in MENTIONS.items()
        if not (root / path).exists() or words.format(name=name) not in (root / path).read_text()
    ]


def unfilled_parts(root: Path, name: str) -> list[str]:
    """Name the files of a brick that still say what is to be put there."""
    found = (path for part in parts(name) for path in root.glob(part))
    return [str(path.relative_to(root)) for path in found if UNFILLED in path.read_text()]


def missing_parts(root: Path, name: str) -> list[str]:
    """Name the parts of a brick that are not there."""
    package = f"services/{name}/src/brickwork_{name}"
    missing = [part for part in parts(name) if not any(root.glob(part))]
    if {path.stem for path in root.glob(f"{package}/*_engine.py")} <= {"scripted_engine"}:
        missing.append(f"{package}/LIBRARY_engine.py")
    return missing


@pytest.mark.parametrize("name", BRICKS)
def test_every_brick_is_whole(name: str) -> None:
    assert not (found := missing_parts(ROOT, name)), listed(found)


@pytest.mark.parametrize("name", BRICKS)
def test_every_brick_is_known_where_all_are(name: str) -> None:
    assert not (found := missing_mentions(ROOT, name)), listed(found)


@pytest.mark.parametrize("name", BRICKS)
def test_no_brick_is_a_skeleton_still(name: str) -> None:
    assert not (found := unfilled_parts(ROOT, name)), listed(found)


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
