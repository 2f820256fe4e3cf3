"""Starting and ending a mesh from the command line."""

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from brickwork_cli.devices import device_settings
from brickwork_cli.home import Home, make_folders
from brickwork_cli.mesh_state import MeshState, ask_to_end, read_state
from brickwork_cli.settings import CliSettings, inherited
from brickwork_sdk.errors import (
    DeadlineExceeded,
    EngineFailed,
    NotPossible,
    Reason,
    error_of,
)

START_SECONDS_MAX = 180.0
"""Longest wait for a whole mesh; each of its processes has a shorter one."""
END_SECONDS_MAX = 60.0
"""Longest wait for a mesh to end; its processes are killed before that."""
_TETHER = Path(__file__).with_name("tether.py")


def home_of(settings: CliSettings) -> Home:
    """Return the home that the settings name."""
    return Home(settings.home.absolute(), settings.models.absolute())


def start_mesh(settings: CliSettings) -> MeshState:
    """Start a mesh that outlives this process; return once it is ready.

    Raises:
        NotPossible: MESH_RUNNING, ADDRESS_TAKEN.
        EngineFailed: MESH_START_FAILED.
    """
    home = home_of(settings)
    home.make()
    _spawn(settings, home, [])
    return _running(home)


@contextmanager
def private_mesh(settings: CliSettings) -> Iterator[MeshState]:
    """Run a mesh of one's own for as long as the context lasts, and leave nothing of it behind."""
    _sweep(settings.home)
    make_folders(settings.home)
    folder = Path(tempfile.mkdtemp(prefix="private-", dir=settings.home.absolute()))
    own = settings.model_copy(
        update={
            **{"home": folder, "models_dir": settings.models.absolute(), "port": _free_port()},
            "metrics_port": 0,
        }
    )
    home = home_of(own)
    tie = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid())]
    with _owned(folder):
        try:
            home.make()
            supervisor = _spawn(own, home, tie)
            try:
                yield _running(home)
            finally:
                _end(supervisor)
        finally:
            shutil.rmtree(home.run, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def end_mesh(settings: CliSettings) -> None:
    """End the mesh of this home; return once all of its processes are gone.

    Raises:
        NotPossible: MESH_NOT_RUNNING.
        DeadlineExceeded: it did not end in time.
    """
    state = running_mesh(settings)
    if state is None:
        raise NotPossible(Reason.MESH_NOT_RUNNING, "No mesh runs for this home.")
    descriptor = ask_to_end(state)
    try:
        ended, _, _ = select.select([descriptor], [], [], END_SECONDS_MAX)
        if not ended:
            # It is frozen, or hangs. The kernel ends all that are tied to it.
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            ended, _, _ = select.select([descriptor], [], [], END_SECONDS_MAX)
    finally:
        os.close(descriptor)
    if not ended:
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED, f"The mesh still runs after {END_SECONDS_MAX:.0f} s."
        )


def running_mesh(settings: CliSettings) -> MeshState | None:
    """Return the mesh of this home, or None when none runs."""
    return read_state(home_of(settings))


def _spawn(settings: CliSettings, home: Home, tie: list[str]) -> "subprocess.Popen[bytes]":
    """Start a supervisor and wait until it says that all is ready."""
    log = home.log("supervisor")
    reading, writing = os.pipe()
    words = [*tie, sys.executable, "-m", "brickwork_cli.supervisor", str(writing)]
    with os.fdopen(reading) as channel:
        try:
            with log.open("ab") as output:
                supervisor = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=inherited(_variables(settings)),
                    pass_fds=[writing],
                    start_new_session=True,
                )
        finally:
            os.close(writing)
        try:
            readable, _, _ = select.select([channel], [], [], START_SECONDS_MAX)
            _check(channel.readline() if readable else "", log)
        except BaseException:
            _end(supervisor)
            raise
    return supervisor


def _check(line: str, log: Path) -> None:
    report = json.loads(line) if line else {}
    if "reason" in report:
        raise error_of(report["code"], report["reason"], report["message"], report["metadata"])
    if not report:
        raise EngineFailed(
            Reason.MESH_START_FAILED,
            f"The supervisor ended before the mesh was ready (log: {log}).",
            metadata={"log": str(log)},
        )


def _end(supervisor: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        supervisor.send_signal(signal.SIGTERM)
    try:
        supervisor.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # and the kernel all that are tied to it
        supervisor.wait()


def _running(home: Home) -> MeshState:
    state = read_state(home)
    if state is None:
        raise EngineFailed(Reason.MESH_START_FAILED, "The mesh ended as soon as it was ready.")
    return state


def _variables(settings: CliSettings) -> dict[str, str]:
    return {
        "BRICKWORK_CLI_HOME": str(settings.home.absolute()),
        "BRICKWORK_CLI_MODELS_DIR": str(settings.models.absolute()),
        "BRICKWORK_CLI_PORT": str(settings.port),
        "BRICKWORK_CLI_ENGINE": settings.engine,
        "BRICKWORK_CLI_DEVICE": settings.device,
        "BRICKWORK_CLI_CAPACITY": settings.capacity,
        "BRICKWORK_CLI_SCALE": settings.scale,
        "BRICKWORK_CLI_METRICS_PORT": str(settings.metrics_port),
        "BRICKWORK_CLI_OTLP_ENDPOINT": settings.otlp_endpoint,
        **device_settings(settings.device),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sweep(root: Path) -> None:
    """Remove what killed private meshes left behind; whoever lives holds the lock of its folder."""
    for folder in root.glob("private-*"):
        with suppress(BlockingIOError, FileNotFoundError), _owned(folder):
            shutil.rmtree(Home(folder.absolute(), folder).run, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    # The folder itself is locked: it exists before anybody else can see it.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
