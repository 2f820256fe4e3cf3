"""Without a running mesh: a private one, and nothing left of it."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brickwork_sdk.models import load_catalogue, write_manifest
from brickwork_sdk.testing.recordings import slide, tone, write_recording
from tests.conftest import HANDLE, Mesh, running


def test_a_private_mesh_serves_one_recording_and_vanishes(idle_home: Mesh, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "short.wav", tone(4))
    done = idle_home.handle("transcribe", recording, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["segments"]) == 2
    assert idle_home.processes() == []
    assert list(idle_home.home.glob("private-*")) == []


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Let SIGINT reach children, which inherit it ignored where a shell runs us behind itself."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def in_mid_work(home: Mesh, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run `transcribe` on a private mesh, enter once it transcribes, leave once it has ended."""
    recording = write_recording(folder / "long.flac", tone(1200))
    with subprocess.Popen(
        [HANDLE, "transcribe", recording],
        env=home.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as transcribing:
        assert transcribing.stderr is not None
        assert any(line.startswith("transcribe") for line in transcribing.stderr)
        yield transcribing
        transcribing.stderr.read()


@pytest.mark.usefixtures("at_a_terminal")
def test_control_c_leaves_no_process_behind(idle_home: Mesh, tmp_path: Path) -> None:
    with in_mid_work(idle_home, tmp_path) as transcribing:
        transcribing.send_signal(signal.SIGINT)
    assert transcribing.returncode == 130
    assert idle_home.processes() == []
    assert list(idle_home.home.glob("private-*")) == []


def test_a_killed_handle_takes_its_private_mesh_with_it(idle_home: Mesh, tmp_path: Path) -> None:
    with in_mid_work(idle_home, tmp_path) as transcribing:
        mine = [one for one in idle_home.processes() if one.pid != transcribing.pid]
        assert len(mine) >= 10
        transcribing.kill()
    for process in mine:
        process.wait(timeout=10)
    assert idle_home.processes() == []


def test_nothing_runs_and_that_is_said(idle_home: Mesh) -> None:
    status = idle_home.handle("status", "--json")
    assert (status.returncode, json.loads(status.stdout)["processes"]) == (3, [])
    down = idle_home.handle("down")
    assert down.returncode == 1
    assert down.stderr.strip().endswith("[MESH_NOT_RUNNING]")


def test_a_taken_port_is_refused_before_anything_starts(idle_home: Mesh) -> None:
    with socket.create_server(("127.0.0.1", idle_home.port)):
        done = idle_home.handle("up")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("[ADDRESS_TAKEN]")
    assert idle_home.processes() == []


def test_a_machine_without_memory_for_the_model_says_so(idle_home: Mesh, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "short.wav", tone(2))
    done = idle_home.handle("transcribe", recording, capacity="32MiB")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("[VRAM_CAN_NEVER_FIT]")
    assert idle_home.processes() == []


def test_models_take_turns_where_only_one_fits(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "meeting.mkv", tone(4), slides=[slide(40)] * 40)
    words = ("transcribe", recording, "--translate", "pt", "--summary", "--json", "-")
    # A mesh that stays, so that its audit log can be read at the end.
    with running(tmp_path / "home", "--capacity", "100MiB") as mesh:
        done = mesh.handle(*words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == []
    # Who has the memory may be idle, or on the way out already.
    told = re.search(r"Waiting for \d+ MB (held by|to come back from) \w+", done.stderr)
    assert told, "nobody was told what the wait was for"


def test_a_changed_model_file_is_never_loaded(idle_home: Mesh, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "short.wav", tone(2))
    (whisper,) = (e for e in load_catalogue("brickwork_asr") if e.name == "whisper-base")
    folder = tmp_path / "models" / whisper.name
    folder.mkdir(parents=True)
    write_manifest(folder, whisper.manifest)
    for file in whisper.manifest.files:
        (folder / file.path).write_bytes(b"not the model")
    done = idle_home.handle("transcribe", recording, engine="real", models_dir=folder.parent)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("[MODEL_DIGEST_MISMATCH]")
