"""A real mesh with scripted engines, started and ended by the handle itself."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from brickwork_cli.home import Home
from brickwork_cli.mesh_state import read_state
from tests.audited import verify_history

HANDLE = Path(sys.executable).with_name("brickwork")
COMMAND_SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Mesh:
    """A home, and the mesh that runs in it.

    Attributes:
        home: folder of its state.
        port: TCP port of its gateway, free for it until it listens there.
    """

    home: Path
    port: int

    @property
    def address(self) -> str:
        """Base address of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    def handle(
        self, *words: str | Path, **settings: str | Path
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of the handle to its end, with further settings for it."""
        named = {f"BRICKWORK_CLI_{name.upper()}": str(value) for name, value in settings.items()}
        return subprocess.run(
            [HANDLE, *words],
            env=self.environment() | named,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that make the handle work in this home."""
        return {
            **os.environ,
            "BRICKWORK_CLI_HOME": str(self.home),
            "BRICKWORK_CLI_PORT": str(self.port),
            "BRICKWORK_CLI_ENGINE": "scripted",
        }

    def status(self) -> dict[str, Any]:
        """Return what `brickwork status --json` prints."""
        found: dict[str, Any] = json.loads(self.handle("status", "--json").stdout)
        return found

    def process(self, name: str) -> psutil.Process:
        """Return a process of the mesh by its name."""
        pids = {one["name"]: one["pid"] for one in self.status()["processes"]}
        return psutil.Process(pids[name])

    def ready_process(self, name: str) -> psutil.Process | None:
        """Return a process that answers, by its name, without the cost of a command."""
        state = read_state(Home(self.home, self.home / "models"))
        assert state is not None, "the mesh runs"
        for one in state.processes:
            if one.name == name and one.state == "ready":
                try:
                    return psutil.Process(one.pid)
                except psutil.NoSuchProcess:
                    return None
        return None

    def address_of(self, name: str) -> str:
        """Return where a process of the mesh serves."""
        state = read_state(Home(self.home, self.home / "models"))
        assert state is not None, "the mesh runs"
        return next(one.address for one in state.processes if one.name == name)

    def processes(self) -> list[psutil.Process]:
        """Return every process that has this home among its variables."""
        return [one for one in psutil.process_iter() if self._is_ours(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            home = process.environ().get("BRICKWORK_CLI_HOME", "")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
        is_ours: bool = home.startswith(str(self.home))
        return is_ours and process.status() != psutil.STATUS_ZOMBIE


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(home: Path, *words: str) -> Iterator[Mesh]:
    """Run a mesh with scripted engines and hold it to its promises.

    At the end nothing of it may be left, and its audit log must show that its broker kept them.

    Args:
        home: where it lives.
        words: further words for `brickwork up`.
    """
    mesh = Mesh(home, free_port())
    started = mesh.handle("up", *words)
    assert started.returncode == 0, started.stderr
    try:
        yield mesh
    finally:
        ended = mesh.handle("down")
        assert ended.returncode == 0, ended.stderr
        assert mesh.processes() == []
        verify_history(home)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files that share a mesh come last, so that it does not idle beside all others."""
    sharing = {item.path for item in items if "mesh" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path in sharing)


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The mesh of this test run."""
    with running(tmp_path_factory.mktemp("home")) as mesh:
        yield mesh


@pytest.fixture
def idle_home(tmp_path: Path) -> Mesh:
    """A home in which no mesh runs."""
    return Mesh(tmp_path / "home", free_port())
