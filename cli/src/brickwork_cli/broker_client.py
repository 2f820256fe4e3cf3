"""The broker as the handle asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import grpc

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.channels import OPTIONS
from brickwork_sdk.errors import InvalidInput, NotFound, Reason
from brickwork_sdk.targets import target_of
from brickwork_sdk.vram.view import View, memory_view, wait_view
from brickwork_sdk.vram.wire import named

RPC_SECONDS = 10.0


class BrokerClient:
    """Asks one broker; each answer is JSON of `brickwork_sdk.vram.view`.

    Args:
        address: `unix:/path` or `host:port`.

    Raises:
        InvalidInput: ADDRESS_INVALID. Every call: BROKER_UNREACHABLE, and what its RPC names.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(target_of(address), options=OPTIONS)
        self._broker = broker_pb2_grpc.BrokerServiceStub(self._channel)

    def __enter__(self) -> Self:
        """Begin to ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._channel.close()

    def memory(self) -> View:
        """Tell who holds, who waits and what there is."""
        with self._watch(timeout_seconds=RPC_SECONDS) as states:
            return next(states)

    def memories(self) -> Iterator[View]:
        """Tell it again whenever it changes, and without end."""
        with self._watch(timeout_seconds=None) as states:
            yield from states

    def token(self, beginning: str) -> View:
        """Return the one live token whose id is this, or begins so.

        Raises:
            NotFound: VRAM_TOKEN_UNKNOWN, there is none.
            InvalidInput: ARGUMENT_INVALID, several begin so.
        """
        tokens: list[View] = self.memory()["tokens"]
        found = [one for one in tokens if one["token_id"].startswith(beginning)]
        found = [one for one in found if one["token_id"] == beginning] or found
        if not found:
            raise NotFound(
                Reason.VRAM_TOKEN_UNKNOWN,
                f"No live token is called {beginning!r}; `brickwork gpu` shows them.",
            )
        if len(found) > 1:
            raise InvalidInput(
                Reason.ARGUMENT_INVALID, f"{len(found)} tokens begin with {beginning!r}."
            )
        return found[0]

    def explain(self, token_id: str) -> View:
        """Tell why a token waits."""
        request = broker_pb2.ExplainWaitRequest(token_id=token_id)
        with raising():
            return wait_view(self._broker.ExplainWait(request, timeout=RPC_SECONDS))

    @contextmanager
    def _watch(self, timeout_seconds: float | None) -> Iterator[Iterator[View]]:
        call = self._broker.WatchVramTokens(
            broker_pb2.WatchVramTokensRequest(), timeout=timeout_seconds
        )
        try:
            with raising():
                yield (memory_view(state) for state in call)
        finally:
            call.cancel()


@contextmanager
def raising() -> Iterator[None]:
    """Raise what the broker meant."""
    try:
        yield
    except grpc.RpcError as error:
        raise named(error) from error
