"""An engine that is held up in mid-work, so that what disturbs it never comes too late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import grpc.aio
import psutil

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from tests.chaos.faults import engine_of
from tests.conftest import Mesh

CALL_SECONDS = 60.0


@asynccontextmanager
async def in_a_step(
    mesh: Mesh, until: "broker_pb2.TokenState.ValueType", holder: str = "asr"
) -> AsyncIterator[None]:
    """Hold an engine up in its step until its token is in a state, however fast it is."""
    brick = mesh.ready_process(holder)
    assert brick is not None
    engine = engine_of(brick)
    assert engine is not None
    engine.suspend()

    async def let_go() -> None:
        while True:
            if (holder, until) in {(one.holder, one.state) for one in await tokens(mesh)}:
                engine.resume()
                return
            await asyncio.sleep(0.1)  # as an operator would look again

    letting_go = asyncio.create_task(let_go())
    try:
        yield
    finally:
        letting_go.cancel()
        await asyncio.gather(letting_go, return_exceptions=True)
        with suppress(psutil.NoSuchProcess):
            engine.resume()


async def tokens(mesh: Mesh) -> list[broker_pb2.VramToken]:
    """Return all tokens that are held or waited for."""
    async with grpc.aio.insecure_channel(mesh.address_of("broker")) as channel:
        answer = await broker_pb2_grpc.BrokerServiceStub(channel).ListVramTokens(
            broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS
        )
    return list(answer.tokens)
