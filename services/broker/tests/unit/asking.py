"""What tests ask of a broker over its socket, and in whose name."""

import subprocess
from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.processes import identify
from brickwork_sdk.rich_status import error_from_rpc

Child = subprocess.Popen[bytes]
SECONDS = 10.0
SECRET = b"sixteen bytes..."


def named(child: Child) -> pb.ProcessIdentity:
    identity = identify(child.pid)
    assert identity is not None
    return pb.ProcessIdentity(
        pid=identity.pid, start_ticks=identity.start_ticks, boot_id=identity.boot_id
    )


def span(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration


def request(
    child: Child, token_id: str = "token-01", wait_seconds: float = 0, size_bytes: int = 60
) -> pb.AcquireVramTokenRequest:
    return pb.AcquireVramTokenRequest(
        token_id=token_id,
        holder="asr",
        purpose="whisper-base",
        guaranteed_bytes=size_bytes,
        ceiling_bytes=size_bytes,
        wait=span(wait_seconds),
        renew_within=span(5),
        process=named(child),
        secret=SECRET,
    )


async def refusal(call: Awaitable[Any]) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as raised:
        await call
    return error_from_rpc(raised.value)
