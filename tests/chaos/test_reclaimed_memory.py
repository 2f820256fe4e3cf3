"""The memory of a killed holder comes back within the promised time."""

import asyncio
import signal
import time

import grpc.aio

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from tests.conftest import Mesh

FREE_SECONDS_MAX = 10.0
CALL_SECONDS = 60.0


async def test_a_killed_brick_gives_its_memory_back_in_ten_seconds(
    mesh: Mesh, round_number: int
) -> None:
    addresses = {one["name"]: one["address"] for one in mesh.status()["processes"]}
    async with (
        grpc.aio.insecure_channel(addresses["translate"]) as brick,
        grpc.aio.insecure_channel(addresses["broker"]) as broker,
    ):
        await control_pb2_grpc.ControlServiceStub(brick).LoadModel(
            control_pb2.LoadModelRequest(model="bergamot-en-pt"),
            timeout=CALL_SECONDS,
            wait_for_ready=True,  # the round before has killed it, and it may just be starting
        )
        tokens = broker_pb2_grpc.BrokerServiceStub(broker)
        held = await token_ids(tokens)
        assert held
        victim = mesh.process("translate")
        victim.send_signal(signal.SIGKILL)
        began = time.monotonic()
        async with asyncio.timeout(FREE_SECONDS_MAX):
            while held & await token_ids(tokens):  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.1)
        assert time.monotonic() - began <= FREE_SECONDS_MAX


async def token_ids(tokens: "broker_pb2_grpc.BrokerServiceAsyncStub") -> set[str]:
    """Return the ids of all tokens that the translate brick holds, or that are quarantined."""
    answer = await tokens.ListVramTokens(broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS)
    return {token.token_id for token in answer.tokens if token.holder == "translate"}
