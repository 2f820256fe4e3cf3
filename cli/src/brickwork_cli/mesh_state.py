"""The description of a running mesh that its supervisor keeps up to date."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from brickwork_cli.home import Home, write_whole
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.processes import ProcessIdentity, identify


@dataclass(frozen=True)
class ProcessState:
    """A process of the mesh as `brickwork status` shows it.

    Attributes:
        name: its name in the mesh.
        pid: 0 while it is not running.
        state: "starting", "ready" or "restarting".
        restarts: how often it was started again since the mesh began.
        address: where it serves; empty where it serves nobody.
        log: its log file.
        cause: what ended it the last time: a signal, "status 1", "no answer" or "never ready";
            empty when nothing has.
    """

    name: str
    pid: int
    state: str
    restarts: int
    address: str
    log: str
    cause: str = ""


@dataclass(frozen=True)
class MeshState:
    """A running mesh.

    Attributes:
        gateway: base address of its HTTP API.
        supervisor: the process that keeps it running.
        processes: all others.
    """

    gateway: str
    supervisor: ProcessIdentity
    processes: tuple[ProcessState, ...]

    def with_process(self, changed: ProcessState) -> "MeshState":
        """Return this state with one process in a new state."""
        processes = tuple(
            changed if process.name == changed.name else process for process in self.processes
        )
        return replace(self, processes=processes)

    @property
    def is_ready(self) -> bool:
        """Whether every process answers."""
        return all(process.state == "ready" for process in self.processes)


def write_state(home: Home, state: MeshState) -> None:
    """Put the description where others find it, whole or not at all.

    Raises:
        NotPossible: STORAGE_FULL, or SETTING_INVALID where a home takes no file.
    """
    write_whole(_path(home), json.dumps(asdict(state)))


def read_state(home: Home) -> MeshState | None:
    """Return the running mesh of this home, or None when none runs.

    The file is put there whole, so that one of another form is of another version, or was cut off
    when the machine fell: no mesh of ours runs by it.
    """
    try:
        found = json.loads(_path(home).read_text())
        supervisor = ProcessIdentity(**found["supervisor"])
        processes = tuple(ProcessState(**process) for process in found["processes"])
        state = MeshState(found["gateway"], supervisor, processes)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return state if identify(supervisor.pid) == supervisor else None


def remove_state(home: Home) -> None:
    """Say that no mesh runs."""
    _path(home).unlink(missing_ok=True)


@contextmanager
def claimed(home: Home) -> Iterator[None]:
    """Hold a home for one supervisor.

    Raises:
        NotPossible: MESH_RUNNING, another one holds it.
    """
    with (home.run / "mesh.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible(
                Reason.MESH_RUNNING, "A mesh runs for this home already; see `brickwork status`."
            ) from None
        yield


def ask_to_end(state: MeshState) -> int:
    """Ask a supervisor to end its mesh; return a pidfd that tells when it has."""
    descriptor = os.pidfd_open(state.supervisor.pid)
    if identify(state.supervisor.pid) == state.supervisor:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    return descriptor


def _path(home: Home) -> Path:
    return home.run / "mesh.json"
