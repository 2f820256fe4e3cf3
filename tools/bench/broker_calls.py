"""What the broker's calls take over loopback, beside a call that does nothing."""

import os
import tempfile
import uuid
from dataclasses import dataclass
from statistics import median

import grpc.aio
from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork.broker.v1 import broker_pb2_grpc
from brickwork_sdk.processes import identify
from brickwork_sdk.vram.wire import to_proto
from tools.bench.empty_call import Call, empty_call, empty_server, spans_seconds
from tools.soak.broker_process import broker
from tools.soak.figures import percentile

CALLERS = 32
TURNS, ROUNDS = 25, 5
CAPACITY_BYTES = 1024**3
_SECRET = b"sixteen bytes..."


@dataclass(frozen=True)
class Spans:
    """What was measured, in seconds.

    Attributes:
        empty: the median of one empty call by one caller.
        empty_pairs: for each round the 99th percentile of two empty calls by all callers.
        lent: for each round that of an acquire and a release by the same callers.
    """

    empty: float
    empty_pairs: list[float]
    lent: list[float]


async def measured() -> Spans:
    """Let both sides take turns."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder, broker(CAPACITY_BYTES) as home:
        address = f"unix:{folder}/empty.sock"
        with empty_server(address):
            async with (
                grpc.aio.insecure_channel(address) as empty_channel,
                grpc.aio.insecure_channel(home.address) as channel,
            ):
                empty = empty_call(empty_channel)

                async def two() -> None:
                    await empty()
                    await empty()

                alone = await spans_seconds(1, 500, empty)
                lend = _lending(channel)
                pairs, lent = [], []
                for _ in range(ROUNDS):
                    pairs.append(percentile(await spans_seconds(CALLERS, TURNS, two), 0.99))
                    lent.append(percentile(await spans_seconds(CALLERS, TURNS, lend), 0.99))
    return Spans(median(alone), pairs, lent)


def _lending(channel: grpc.aio.Channel) -> Call:
    """Return an acquire and the release of what was granted."""
    stub = broker_pb2_grpc.BrokerServiceStub(channel)
    me = identify(os.getpid())
    assert me is not None, "this process has an entry"

    async def lend() -> None:
        token_id = f"bench-{uuid.uuid4().hex}"
        request = pb.AcquireVramTokenRequest(
            token_id=token_id,
            holder="bench",
            purpose="nothing",
            guaranteed_bytes=1,
            ceiling_bytes=1,
            renew_within=Duration(seconds=5),
            wait=Duration(seconds=5),
            secret=_SECRET,
            process=to_proto(me),
        )
        answer = await stub.AcquireVramToken(request, wait_for_ready=True)
        assert answer.token.state == pb.TOKEN_STATE_GRANTED, "there is room for all"
        await stub.ReleaseVramToken(
            pb.ReleaseVramTokenRequest(token_id=token_id, epoch=answer.token.epoch, secret=_SECRET)
        )

    return lend
