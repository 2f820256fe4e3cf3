"""Tells that a worker lives: health over gRPC, answered where its stages run."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import grpc.aio

from brickwork_sdk.server import running

_SECONDS_MAX = 10.0


@contextmanager
def health_answered(loop: asyncio.AbstractEventLoop, service: str, address: str) -> Iterator[None]:
    """Answer `grpc.health.v1` while the context lasts.

    On the loop of the stages and not on one of its own: whatever blocks them silences this too.

    Args:
        loop: runs on another thread.
        service: name of the process.
        address: where to answer, `unix:/path` or `host:port`; empty answers nobody.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        NotPossible: ADDRESS_TAKEN.
    """
    if not address:
        yield
        return

    def wait(step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, loop).result(_SECONDS_MAX)

    server = running([], _nothing, service=service, address=address, drain_seconds=0.0)
    stack = AsyncExitStack()
    wait(stack.enter_async_context(server))
    try:
        yield
    finally:
        wait(stack.aclose())


def _nothing(_: grpc.aio.Server) -> None:
    """Register no servicer: health comes with every server."""
