"""The description of a running mesh."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brickwork_cli.home import Home
from brickwork_cli.mesh_state import (
    MeshState,
    ProcessState,
    claimed,
    read_state,
    remove_state,
    write_state,
)
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.processes import ProcessIdentity, identify


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, tmp_path / "models")
    home.make()
    return home


def state_of(supervisor: ProcessIdentity | None) -> MeshState:
    assert supervisor is not None
    asr = ProcessState("asr", 1, "starting", 0, "unix:/a", "asr.log")
    return MeshState("http://127.0.0.1:1", supervisor, (asr,))


def test_what_is_written_is_read(home: Home) -> None:
    state = state_of(identify(os.getpid()))
    write_state(home, state)
    assert read_state(home) == state
    remove_state(home)
    assert read_state(home) is None


def test_the_mesh_of_a_dead_supervisor_does_not_run(home: Home) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state = state_of(identify(dead.pid))
    write_state(home, state)
    assert read_state(home) == state
    dead.communicate(b"\n")
    assert read_state(home) is None


def test_a_reused_pid_is_not_mistaken_for_the_supervisor(home: Home) -> None:
    me = identify(os.getpid())
    assert me is not None
    write_state(home, state_of(ProcessIdentity(me.pid, me.start_ticks - 1, me.boot_id)))
    assert read_state(home) is None


def test_a_home_has_one_supervisor(home: Home) -> None:
    with claimed(home), pytest.raises(BrickworkError) as caught, claimed(home):
        pass
    assert caught.value.reason is Reason.MESH_RUNNING


def test_a_mesh_is_ready_when_all_of_it_is() -> None:
    state = state_of(identify(os.getpid()))
    assert not state.is_ready
    assert state.with_process(ProcessState("asr", 1, "ready", 0, "unix:/a", "asr.log")).is_ready


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"supervisor": {"number": 1}}'])
def test_a_description_of_another_form_is_of_no_mesh(home: Home, text: str) -> None:
    (home.run / "mesh.json").write_text(text)
    assert read_state(home) is None


def test_a_home_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrickworkError) as caught:
        Home(tmp_path / "file" / "home", tmp_path).make()
    assert caught.value.reason is Reason.SETTING_INVALID


def test_a_full_disk_is_told_as_one(home: Home) -> None:
    (home.run / "mesh.new").symlink_to("/dev/full")
    with pytest.raises(BrickworkError) as caught:
        write_state(home, state_of(identify(os.getpid())))
    assert caught.value.reason is Reason.STORAGE_FULL
    assert read_state(home) is None
