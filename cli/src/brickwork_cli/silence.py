"""Whether a process that has been ready still answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from brickwork_cli.ready import answers

LOOK_EVERY_SECONDS = 5.0
"""How often a process is asked, and how long it has to answer."""
LOOKS_MAX = 4
"""Questions in a row that may stay without an answer: a process that freezes is told of after 15 to
25 s, and one that is only slow has 20 s to say a word. To kill an honest process is worse than to
wait for a dead one."""
_UNANSWERED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def fallen_silent(name: str, address: str) -> None:
    """Return once a process has left several questions in a row without an answer.

    Looks are counted and no clock is read, so that a supervisor that was frozen does not take its
    own absence for theirs. Any answer is one: a process that says it is not serving is alive.
    """
    misses = 0
    # In one breath with all others: to wake nine times costs more than to ask nine questions.
    await asyncio.sleep(-asyncio.get_running_loop().time() % LOOK_EVERY_SECONDS)
    async with _channel(name, address) as channel:
        while misses < LOOKS_MAX:
            asked = _lives(channel) if channel else answers(name, address)
            is_alive, _ = await asyncio.gather(asked, asyncio.sleep(LOOK_EVERY_SECONDS))
            misses = 0 if is_alive else misses + 1


@asynccontextmanager
async def _channel(name: str, address: str) -> AsyncIterator[grpc.aio.Channel | None]:
    """Keep one channel, which costs forty times a question; none where it is no gRPC."""
    if name == "valkey" or not address or address.startswith("http://"):
        yield None
        return
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel


async def _lives(channel: grpc.aio.Channel) -> bool:
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=LOOK_EVERY_SECONDS)
    except grpc.RpcError as error:
        return error.code() not in _UNANSWERED
    return True
