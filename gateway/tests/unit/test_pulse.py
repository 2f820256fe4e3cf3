"""A worker's health is the health of the loop that runs its stages."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from brickwork_gateway.jobs.pulse import health_answered


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs on a thread of its own, as that of a worker's stages does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        yield f"unix:{Path(folder) / 'worker.sock'}"


def ask(address: str, timeout_seconds: float) -> int:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_seconds)
        return int(answer.status)


def test_a_worker_answers_while_its_stages_can_run(
    loop: asyncio.AbstractEventLoop, address: str
) -> None:
    blocked, go_on = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        go_on.wait()

    with health_answered(loop, "worker-batch", address):
        assert ask(address, 10) == health_pb2.HealthCheckResponse.SERVING
        loop.call_soon_threadsafe(block)
        blocked.wait()
        with pytest.raises(grpc.RpcError):
            ask(address, 0.5)
        go_on.set()
        assert ask(address, 10) == health_pb2.HealthCheckResponse.SERVING


def test_a_worker_without_an_address_answers_nobody(loop: asyncio.AbstractEventLoop) -> None:
    with health_answered(loop, "worker-batch", ""):
        pass
