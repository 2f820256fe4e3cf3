"""Ending a mesh whose supervisor hears nothing."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brickwork_cli import mesh
from brickwork_cli.mesh_state import MeshState, write_state
from brickwork_cli.settings import CliSettings
from brickwork_sdk.processes import identify

# A supervisor in small: it starts something that is tied to it, says what, and waits.
SUPERVISOR = """
import os, subprocess, sys
tied = [sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), "/bin/sleep", "600"]
print(subprocess.Popen(tied).pid, flush=True)
sys.stdin.read()
"""


def test_a_frozen_supervisor_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh, "END_SECONDS_MAX", 1.0)
    settings = CliSettings(home=tmp_path)
    home = mesh.home_of(settings)
    home.make()
    words = [sys.executable, "-c", SUPERVISOR, str(mesh._TETHER)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        started = os.pidfd_open(int(supervisor.stdout.readline()))
        identity = identify(supervisor.pid)
        assert identity is not None
        write_state(home, MeshState("http://127.0.0.1:1", identity, ()))
        os.kill(supervisor.pid, signal.SIGSTOP)
        os.waitpid(supervisor.pid, os.WUNTRACED)  # it stands now
        mesh.end_mesh(settings)
    assert supervisor.returncode == -signal.SIGKILL
    assert select.select([started], [], [], 10)[0]  # a pidfd is readable once it has ended
    os.close(started)
