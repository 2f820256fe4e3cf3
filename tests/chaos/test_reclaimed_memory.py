"""Memory comes back within the promised time: of a killed holder, and of a cancelled job."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import grpc.aio
import httpx
import pytest

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.testing.recordings import tone, write_recording
from brickwork_sdk.vram import MemoryRequest, VramClient, VramToken
from tests.chaos.faults import engine_of
from tests.chaos.jobs import Order, ended, send, wait_for_segment
from tests.conftest import Mesh

KILLED_SECONDS_MAX = 10.0
CANCELLED_SECONDS_MAX = 5.0
CALL_SECONDS = 60.0
SECONDS = 600
SEGMENTS = 5


async def test_a_killed_brick_gives_its_memory_back_in_ten_seconds(
    mesh: Mesh, record_property: Callable[[str, object], None]
) -> None:
    async with (
        grpc.aio.insecure_channel(mesh.address_of("translate")) as brick,
        grpc.aio.insecure_channel(mesh.address_of("broker")) as broker,
    ):
        await control_pb2_grpc.ControlServiceStub(brick).LoadModel(
            control_pb2.LoadModelRequest(model="bergamot-en-pt"),
            timeout=CALL_SECONDS,
            wait_for_ready=True,  # what ran before has killed it, and it may just be starting
        )
        tokens = broker_pb2_grpc.BrokerServiceStub(broker)
        held = await token_ids(tokens)
        assert held
        victim = mesh.process("translate")
        victim.send_signal(signal.SIGKILL)
        began = time.monotonic()
        async with asyncio.timeout(KILLED_SECONDS_MAX):
            while held & await token_ids(tokens):  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.1)
        record_property("killed_seconds", time.monotonic() - began)


@pytest.mark.parametrize("is_stuck", [False, True], ids=["at work", "stuck in a step"])
async def test_a_cancelled_job_gives_its_memory_to_who_waits_in_five_seconds(
    mesh: Mesh,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    is_stuck: bool,
) -> None:
    recording = write_recording(tmp_path / "long.flac", tone(SECONDS)).read_bytes()
    brick = mesh.ready_process("asr")
    assert brick is not None
    job_id = send(mesh, Order(recording, SECONDS))
    await asyncio.to_thread(wait_for_segment, mesh, job_id, SEGMENTS)
    engine = engine_of(brick)
    assert engine is not None
    engine.suspend()  # so that it is not done before it is cancelled, however fast the machine is
    async with waiting_for_all(mesh) as granted:
        assert not granted.done()
        if not is_stuck:  # as native code is that never comes back from its step
            engine.resume()
        began = time.monotonic()
        async with httpx.AsyncClient(base_url=mesh.address, timeout=CALL_SECONDS) as http:
            (await http.post(f"/v1/jobs/{job_id}/cancel")).raise_for_status()
        async with asyncio.timeout(2 * CANCELLED_SECONDS_MAX):
            await granted
        taken_seconds = time.monotonic() - began
    record_property("cancelled_seconds", taken_seconds)
    assert taken_seconds <= CANCELLED_SECONDS_MAX
    assert ended(mesh, job_id)["state"] == "cancelled"


@asynccontextmanager
async def waiting_for_all(mesh: Mesh) -> "AsyncIterator[asyncio.Task[None]]":
    """Wait for all memory there is, as another holder, and yield the wait once it is queued."""
    queued = asyncio.Event()
    address = mesh.address_of("broker")
    async with grpc.aio.insecure_channel(address) as channel:
        capacity = await broker_pb2_grpc.BrokerServiceStub(channel).GetCapacity(
            broker_pb2.GetCapacityRequest(), timeout=CALL_SECONDS
        )
    size_bytes = capacity.devices[0].capacity_bytes
    vram = VramClient(address, "visitor")

    async def wait() -> None:
        caller = Caller(WorkClass.INTERACTIVE)
        request = MemoryRequest("everything", size_bytes, size_bytes)
        async with aclosing(vram.acquire(request, caller)) as steps:
            async for step in steps:
                queued.set()
                if isinstance(step, VramToken):
                    await vram.release(step)

    granted = asyncio.create_task(wait())
    try:
        async with asyncio.timeout(CALL_SECONDS):
            await queued.wait()
        yield granted
    finally:
        granted.cancel()
        await asyncio.gather(granted, return_exceptions=True)
        await vram.close()


async def token_ids(tokens: "broker_pb2_grpc.BrokerServiceAsyncStub") -> set[str]:
    """Return the ids of all tokens that the translate brick holds, or that are quarantined."""
    answer = await tokens.ListVramTokens(broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS)
    return {token.token_id for token in answer.tokens if token.holder == "translate"}
