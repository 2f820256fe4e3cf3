import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk import channels
from brickwork_sdk.testing.broker import ScriptedBroker
from brickwork_sdk.testing.server import served


class PatientBroker(ScriptedBroker):
    """Answers nothing until its caller leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def AcquireVramToken(
        self, request: broker_pb2.AcquireVramTokenRequest, context: Any
    ) -> broker_pb2.AcquireVramTokenResponse:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        return broker_pb2.AcquireVramTokenResponse()


async def test_a_caller_that_leaves_ends_a_call_with_one_answer() -> None:
    patient = PatientBroker()
    async with served(
        lambda server: broker_pb2_grpc.add_BrokerServiceServicer_to_server(patient, server)
    ) as channel:
        stub = broker_pb2_grpc.BrokerServiceStub(channel)
        call = stub.AcquireVramToken(broker_pb2.AcquireVramTokenRequest(), timeout=60)
        await patient.begun.wait()
        call.cancel()
        async with asyncio.timeout(30):
            await patient.ended.wait()


SERVER = """
import asyncio, sys
from brickwork_sdk.server import running
async def main():
    async with running(
        [], lambda server: None, service="test", address=sys.argv[1], drain_seconds=0
    ):
        print("ready", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
FROZEN_SECONDS_MAX = 30.0
EVERY_SECONDS, QUESTIONS = 5.5, 4
"""The server would take the third for an attack."""


@contextmanager
def started() -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Run a real server in a process of its own; yield it with its address."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{Path(folder) / 'test.sock'}"
        words = [sys.executable, "-c", SERVER, address]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process, address
            process.kill()


@pytest.fixture
def server() -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    with started() as server:
        yield server


def end_of_silence(address: str) -> grpc.StatusCode:
    """Ask a server that says nothing more whether it lives; return how the call ends."""
    options = {**dict(channels.OPTIONS), "grpc.keepalive_time_ms": round(EVERY_SECONDS * 1000)}
    request = health_pb2.HealthCheckRequest()
    with grpc.insecure_channel(address, options=tuple(options.items())) as channel:
        call = health_pb2_grpc.HealthStub(channel).Watch(
            request, timeout=QUESTIONS * EVERY_SECONDS, wait_for_ready=True
        )
        assert next(call).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            next(call)
    return caught.value.code()


@pytest.fixture(scope="module", autouse=True)
def silence() -> "Iterator[Future[grpc.StatusCode]]":
    """How a long silence ends: it begins with the first test, and the others run meanwhile."""
    with started() as (_, address), ThreadPoolExecutor(1) as pool:
        yield pool.submit(end_of_silence, address)


async def watched(channel: grpc.aio.Channel) -> Any:
    """Begin a call that says one thing, and then nothing for as long as the server lives."""
    call = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=600)
    await call.read()
    return call


async def test_a_server_that_freezes_in_mid_call_is_given_up(
    server: "tuple[subprocess.Popen[bytes], str]",
) -> None:
    process, address = server
    async with channels.open_channel(address) as channel:
        call = await watched(channel)
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(FROZEN_SECONDS_MAX):
            with pytest.raises(grpc.RpcError) as caught:
                await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_silent_server_may_be_asked_again_and_again(
    silence: "Future[grpc.StatusCode]",
) -> None:
    assert silence.result() is grpc.StatusCode.DEADLINE_EXCEEDED, "it hung up before"
