"""`make new-brick` in a copy of this checkout: what it writes works, and what is left is named."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.test_every_brick_is_whole import (
    missing_mentions,
    missing_parts,
    unfilled_parts,
)
from tools import new_brick
from tools.new_brick import ROOT
from tools.tidy import faults_of, tracked

BIN = Path(sys.executable).parent
SECONDS = 60.0

LEFT_TO_PEOPLE = {
    "protos/brickwork/tts/v1/tts.proto",
    "services/tts/src/brickwork_tts/engine.py",
    "services/tts/src/brickwork_tts/scripted_engine.py",
    "services/tts/src/brickwork_tts/servicer.py",
    "services/tts/src/brickwork_tts/models.json",
    "services/tts/src/brickwork_tts/LIBRARY_engine.py",
    "locks/tts.txt",
    "Dockerfile",
    "compose/compose.yaml",
    "compose/prometheus/containers.yaml",
    "tools/images.py",
    "cli/src/brickwork_cli/plan.py",
    "gateway/src/brickwork_gateway/settings.py",
    "tests/contract/streams.py",
    "tests/contract/test_reflection.py",
    "tests/contract/test_streams.py",
}


def copied(folder: Path) -> Path:
    """Copy what git tracks or would track, with the code of the wire."""
    paths = [*tracked(), *(p.relative_to(ROOT) for p in ROOT.glob("protos/python/**/*.py*"))]
    for path in paths:
        if (ROOT / path).is_file() and "__pycache__" not in path.parts:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)
    return folder


def run(copy: Path, *command: str | Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in command],
        cwd=copy,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def state(folder: Path) -> Mapping[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_brick_works_and_what_is_left_to_people_is_named(tmp_path: Path) -> None:
    copy, site = copied(tmp_path / "copy"), tmp_path / "site"
    made = run(copy, sys.executable, "tools/new_brick.py", "tts")
    assert (made.returncode, made.stderr) == (0, "")
    paths = [copy / line for line in made.stdout.splitlines()]
    for path in paths:
        assert "@" not in path.read_text().replace("@dataclass", "").replace("@pytest", "")
        assert faults_of(PurePosixPath(path.relative_to(copy)), path.read_text()) == []
    sources = [path for path in paths if path.suffix == ".py"]
    for words in (("check",), ("format", "--check")):
        checked = run(copy, BIN / "ruff", *words, "--quiet", "--no-cache", *sources)
        assert checked.returncode == 0, checked.stdout
    assert run(copy, BIN / "buf", "lint", "protos").stdout == ""

    # What `make new-brick` and `make setup` do next, with a folder instead of the environment.
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    install = (BIN / "uv", "pip", "install", *options, "--target", site, copy / "services" / "tts")
    installed = run(copy, *install, UV_PYTHON=sys.executable)
    assert installed.returncode == 0, installed.stderr
    found = {"PYTHONPATH": f"{site}:{copy / 'protos' / 'python'}"}
    for tool in ("gen_protos", "docs"):
        generated = run(copy, sys.executable, f"tools/{tool}.py", **found)
        assert generated.returncode == 0, generated.stderr

    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "services/tts")
    tested = run(copy, *command, **found)
    assert tested.returncode == 0, tested.stdout
    assert "4 passed" in tested.stdout

    checks = (missing_parts, missing_mentions, unfilled_parts)
    assert {path for check in checks for path in check(copy, "tts")} == LEFT_TO_PEOPLE


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "small letters and digits"),
        ("Tts", "small letters and digits"),
        ("text-out", "small letters and digits"),
        ("2d", "small letters and digits"),
        ("../tts", "small letters and digits"),
        ("tts\n", "small letters and digits"),
        ("texttospeech", "too long for the socket"),
        ("import", "a keyword of Python"),
        ("asr", "another part already: services/asr"),
        ("broker", "another part already: services/broker"),
        ("common", "another part already: protos/brickwork/common"),
        ("gateway", "another part already: gateway"),
        ("models", "another part already: locks/models.txt"),
        ("valkey", "another part already: the mesh"),
    ],
)
def test_a_name_that_will_not_do_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["new_brick.py", name])
    assert new_brick.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert reason in said.err
    assert re.fullmatch(r"new_brick: [^\n]+\.\n", said.err)


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path) -> None:
    kept, taken = tmp_path / "kept", tmp_path / "taken"
    kept.write_text("before")
    taken.mkdir()
    before = state(tmp_path)
    new = {tmp_path / "a" / "b" / "c": "new", kept: "after", taken / "d" / "e": "new"}
    with pytest.raises(OSError, match="taken"):
        new_brick.write({**new, taken: "no text goes here"})
    assert state(tmp_path) == before
    assert sorted(tmp_path.iterdir()) == [kept, taken]
