"""A broker as a process of its own, and what can be seen of it and of its holders from outside."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import psutil

from brickwork.broker.v1 import broker_pb2_grpc

READY_SECONDS = 60.0
OPTIONS = [("grpc.max_reconnect_backoff_ms", 200)]


@dataclass
class BrokerHome:
    """A folder with a broker, and its probe where that is a process of its own.

    Attributes:
        folder: short, since sockets lie in it.
        capacity_bytes: what is lent.
        settings: more of them, by their names.
    """

    folder: Path
    capacity_bytes: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the broker serves."""
        return f"unix:{self.folder}/broker.sock"

    @property
    def probe_address(self) -> str:
        """Where its probe serves."""
        return f"unix:{self.folder}/probe.sock"

    @property
    def audit(self) -> Path:
        """Where its audit log lies."""
        return self.folder / "state" / "audit"

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the broker."""
        settings = {
            "BRICKWORK_BROKER_LISTEN": self.address,
            "BRICKWORK_BROKER_STATE_DIR": str(self.folder / "state"),
            "BRICKWORK_BROKER_CAPACITY_BYTES": str(self.capacity_bytes),
            **self.settings,
        }
        return self._start("brickwork_broker", "broker", settings)

    def start_probe(self) -> "subprocess.Popen[bytes]":
        """Start a probe of its own."""
        settings = {"BRICKWORK_PROBE_LISTEN": self.probe_address}
        return self._start("brickwork_broker.node.probe_process", "probe", settings)

    def _start(self, module: str, name: str, more: dict[str, str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module], env=os.environ | more, stdout=log, stderr=log
            )


@contextmanager
def broker(capacity_bytes: int) -> Iterator[BrokerHome]:
    """Run a broker that lends so much."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        home = BrokerHome(Path(folder), capacity_bytes)
        process = home.start()
        try:
            with grpc.insecure_channel(home.address, OPTIONS) as channel:
                grpc.channel_ready_future(channel).result(READY_SECONDS)
            yield home
        finally:
            process.terminate()
            process.wait()


def stub_of(channel: grpc.Channel) -> "broker_pb2_grpc.BrokerServiceStub":
    """Return the broker's calls."""
    return broker_pb2_grpc.BrokerServiceStub(channel)


def own_bytes(process: psutil.Process) -> int:
    """Return the private memory of a process; 0 for one that has ended.

    Source: proc(5), /proc/pid/status, RssAnon.
    """
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def allocators(root: psutil.Process) -> list[psutil.Process]:
    """Return all allocators below a process."""
    return [one for one in root.children(recursive=True) if _allocates(one)]


def _allocates(process: psutil.Process) -> bool:
    try:
        return any(word.endswith("allocator.py") for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False
