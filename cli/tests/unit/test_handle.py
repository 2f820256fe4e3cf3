"""The handle as a whole: every failure is one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from brickwork_cli import mesh
from brickwork_cli.__main__ import brickwork
from brickwork_cli.gateway_client import GatewayClient
from brickwork_cli.mesh_state import MeshState
from brickwork_sdk.processes import identify

JOB = {
    "job_id": "0123456789abcdef" * 2,
    "state": "completed",
    "name": "[/red]\x1b[31m.wav",
    "created_time": "2026-01-02T03:04:05.678901+00:00",
}


@pytest.fixture
def of_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRICKWORK_CLI_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_job_is_listed_with_its_whole_id_and_its_name_as_it_is(
    of_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = identify(os.getpid())
    assert me is not None
    monkeypatch.setattr(mesh, "running_mesh", lambda _: MeshState("http://127.0.0.1:9", me, ()))
    monkeypatch.setattr(GatewayClient, "jobs", lambda _: [JOB])
    result = CliRunner().invoke(brickwork, ["jobs"])
    assert result.exit_code == 0
    folded = "".join(line.split("│")[3].strip() for line in result.output.splitlines()[3:-1])
    assert folded == "[/red]\N{REPLACEMENT CHARACTER}[31m.wav"
    assert JOB["job_id"] in result.output
    assert "2026-01-02 03:04" in result.output


@pytest.mark.parametrize("name", ["x" * 300, "missing", "\udcff"])
def test_a_file_that_is_not_there_is_missing(of_home: Path, name: str) -> None:
    result = CliRunner().invoke(brickwork, ["transcribe", name])
    assert result.exit_code == 1
    assert "[MEDIA_MISSING]" in result.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--prompt", "x" * 601], "TEXT_TOO_LONG"),
        (["--hot-word", "Beleg", "--hot-word", " "], "ARGUMENT_INVALID"),
    ],
)
def test_what_is_told_of_the_speech_is_looked_at_before_anything_is_started(
    of_home: Path, words: list[str], reason: str
) -> None:
    result = CliRunner().invoke(brickwork, ["transcribe", "missing", *words])
    assert result.exit_code == 1
    assert f"[{reason}]" in result.output
    assert not (of_home / "home").exists()


def test_a_home_that_cannot_be_made_is_no_bug(
    of_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (of_home / "file").touch()
    monkeypatch.setenv("BRICKWORK_CLI_HOME", str(of_home / "file"))
    result = CliRunner().invoke(brickwork, ["up"])
    assert result.exit_code == 1
    assert "[SETTING_INVALID]" in result.output


def test_a_reader_who_leaves_is_no_bug(of_home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "brickwork_cli", "status", "--json"],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == b""
