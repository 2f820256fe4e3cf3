"""Asks the broker for tokens on behalf of one process."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import grpc
import grpc.aio

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.caller import Caller
from brickwork_sdk.durations import to_duration, to_seconds
from brickwork_sdk.errors import EngineFailed, Reason
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.vram.renewal import RENEW_WITHIN_SECONDS, Renewer
from brickwork_sdk.vram.request import MemoryRequest
from brickwork_sdk.vram.token import TokenUse, VramToken
from brickwork_sdk.vram.wire import acquisition, named, renewal, standing, to_proto

POLL_SECONDS = 2.0
"""How long one call waits for a grant before it tells the caller how things stand."""
RPC_SECONDS = 5.0


@dataclass(frozen=True)
class MemoryWait:
    """How a queued request stands.

    Attributes:
        cause: one sentence that a user can read.
        position: place in the queue from 1; None when the broker has no queue yet.
        expected_seconds: the likely least of the wait from now on; None when nobody knows.
        expected_at_most_seconds: the likely most of it; None when nobody knows.
    """

    cause: str
    position: int | None = None
    expected_seconds: float | None = None
    expected_at_most_seconds: float | None = None


class VramClient:
    """Asks the broker for tokens on behalf of one process."""

    def __init__(self, address: str, holder: str) -> None:
        self._holder = holder
        self._channel = grpc.aio.insecure_channel(address)
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)
        self._renewer = Renewer(address)
        me = identify(os.getpid())
        if me is None:
            raise EngineFailed(
                Reason.UNEXPECTED, "This process cannot read its own entry in /proc."
            )
        self._process = to_proto(me)

    async def acquire(
        self, request: MemoryRequest, caller: Caller
    ) -> AsyncGenerator[MemoryWait | VramToken, None]:
        """Ask for memory; yield how things stand, and at last the token.

        Closing the iterator before the token came leaves the queue.

        Raises:
            InvalidInput: VRAM_REQUEST_INVALID.
            NotPossible: VRAM_CAN_NEVER_FIT, or VRAM_TOKEN_STALE once the request has given up.
            NoCapacity: VRAM_QUEUE_FULL, STORAGE_FULL.
            Busy: BROKER_UNREACHABLE.
        """
        asked = acquisition(self._holder, request, caller)
        asked.wait.CopyFrom(to_duration(POLL_SECONDS))
        asked.renew_within.CopyFrom(to_duration(RENEW_WITHIN_SECONDS))
        asked.process.CopyFrom(self._process)
        granted = False
        try:
            while True:
                answer = await self._ask(asked)
                if answer.token.state != broker_pb2.TOKEN_STATE_QUEUED:
                    token = VramToken(answer.token, asked.secret, TokenUse(request.loads))
                    self._renewer.keep(token)
                    granted = True
                    yield token
                    return
                yield _wait_of(answer)
        finally:
            if not granted:
                await self._say_goodbye(asked.token_id, 0, asked.secret)

    async def attach(self, token: VramToken, *processes: ProcessIdentity) -> None:
        """Tell the broker which processes use the memory: their death is the evidence for release.

        Those named before stay named. Nothing may be allocated before this has returned.

        Raises:
            NotPossible: VRAM_TOKEN_STALE, the token is over.
            Busy: BROKER_UNREACHABLE.
        """
        users, asked_at = self._renewer.attach(token, processes), time.monotonic()
        try:
            answer = await self._stub.RenewVramToken(renewal(token, users), timeout=RPC_SECONDS)
        except grpc.RpcError as error:
            raise named(error) from error
        token.tell(standing(answer, asked_at))

    def renew_now(self) -> None:
        """Tell the broker at once how the tokens are used; else it hears so at the next renewal."""
        self._renewer.hurry()

    async def release(self, token: VramToken) -> None:
        """Give a token back; call this once its processes are gone.

        When the broker does not answer, this is said again in the background until it does.
        """
        self._renewer.forget(token)
        await self._say_goodbye(token.token_id, token.epoch, token.secret)

    async def close(self) -> None:
        """End renewal and the channels; say what the broker has not heard yet."""
        await asyncio.to_thread(self._renewer.stop)
        await self._channel.close()

    async def _ask(
        self, request: broker_pb2.AcquireVramTokenRequest
    ) -> broker_pb2.AcquireVramTokenResponse:
        try:
            return await self._stub.AcquireVramToken(request, timeout=POLL_SECONDS + RPC_SECONDS)
        except grpc.RpcError as error:
            raise named(error) from error

    async def _say_goodbye(self, token_id: str, epoch: int, secret: bytes) -> None:
        """Release a token; epoch 0 leaves the queue, or gives up a grant nobody heard of."""
        request = broker_pb2.ReleaseVramTokenRequest(token_id=token_id, epoch=epoch, secret=secret)
        try:
            await self._stub.ReleaseVramToken(request, timeout=RPC_SECONDS)
        except (grpc.RpcError, asyncio.CancelledError) as error:
            self._renewer.say_goodbye(request)
            if not isinstance(error, grpc.RpcError):
                raise


def _wait_of(answer: broker_pb2.AcquireVramTokenResponse) -> MemoryWait:
    place = answer.place
    return MemoryWait(
        place.cause,
        place.position,
        to_seconds(place.expected) if place.HasField("expected") else None,
        to_seconds(place.expected_at_most) if place.HasField("expected_at_most") else None,
    )
