"""Memory as the broker tells it."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

import grpc

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.channels import open_channel
from brickwork_sdk.errors import Busy, Reason
from brickwork_sdk.vram.view import View, memory_view, wait_view
from brickwork_sdk.vram.wire import named

RPC_SECONDS = 5.0


class Memory:
    """Asks one broker who holds, who waits, and why.

    Args:
        address: where it serves; empty where the gateway was told of none.

    Raises:
        Busy: every question: BROKER_UNREACHABLE.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    async def view(self) -> View:
        """Tell it once."""
        async with aclosing(self._watch(timeout_seconds=RPC_SECONDS)) as views:
            async for view in views:
                return view
        raise _away()

    def views(self) -> AsyncGenerator[View, None]:
        """Tell it again whenever it changes, and without end."""
        return self._watch(timeout_seconds=None)

    async def wait(self, token_id: str) -> View:
        """Tell why a token waits.

        Raises:
            NotFound: VRAM_TOKEN_UNKNOWN.
            NotPossible: VRAM_TOKEN_STALE, it does not wait any more.
        """
        request = broker_pb2.ExplainWaitRequest(token_id=token_id)
        with self._raising():
            async with open_channel(self._address) as channel:
                stub = broker_pb2_grpc.BrokerServiceStub(channel)
                return wait_view(await stub.ExplainWait(request, timeout=RPC_SECONDS))

    async def _watch(self, timeout_seconds: float | None) -> AsyncGenerator[View, None]:
        with self._raising():
            async with open_channel(self._address) as channel:
                stub = broker_pb2_grpc.BrokerServiceStub(channel)
                call = stub.WatchVramTokens(
                    broker_pb2.WatchVramTokensRequest(), timeout=timeout_seconds
                )
                try:
                    async for state in call:
                        yield memory_view(state)
                finally:
                    call.cancel()

    @contextmanager
    def _raising(self) -> Iterator[None]:
        if not self._address:
            raise _away()
        try:
            yield
        except grpc.RpcError as error:
            raise named(error) from error


def _away() -> Busy:
    return Busy(
        Reason.BROKER_UNREACHABLE, "The VRAM broker does not answer.", retry_after_seconds=5.0
    )
