"""Asks the broker for tokens on behalf of one process."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import grpc
import grpc.aio

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.durations import to_duration, to_seconds
from brickwork_sdk.errors import EngineFailed, Reason
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.vram.renewal import RENEW_WITHIN_SECONDS, Renewer
from brickwork_sdk.vram.token import VramToken
from brickwork_sdk.vram.wire import named, to_proto

POLL_SECONDS = 2.0
"""How long one call waits for a grant before it tells the caller how things stand."""
RPC_SECONDS = 5.0

_CLASSES = {
    WorkClass.INTERACTIVE: broker_pb2.WORK_CLASS_INTERACTIVE,
    WorkClass.BATCH: broker_pb2.WORK_CLASS_BATCH,
    WorkClass.NOTEBOOK: broker_pb2.WORK_CLASS_NOTEBOOK,
    WorkClass.BEST_EFFORT: broker_pb2.WORK_CLASS_BEST_EFFORT,
}


@dataclass(frozen=True)
class MemoryWait:
    """How a queued request stands.

    Attributes:
        cause: one sentence that a user can read.
        position: place in the queue from 1; None when the broker has no queue yet.
        expected_seconds: None when nobody knows.
    """

    cause: str
    position: int | None
    expected_seconds: float | None


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
        self, purpose: str, size_bytes: int, caller: Caller
    ) -> AsyncGenerator[MemoryWait | VramToken, None]:
        """Ask for memory; yield how things stand, and at last the token.

        Closing the iterator before the token came leaves the queue.

        Raises:
            NotPossible: VRAM_CAN_NEVER_FIT.
            NoCapacity: VRAM_QUEUE_FULL.
            Busy: BROKER_UNREACHABLE.
        """
        request = broker_pb2.AcquireVramTokenRequest(
            token_id=f"{self._holder}-{uuid.uuid4().hex}",
            holder=self._holder,
            purpose=purpose,
            guaranteed_bytes=size_bytes,
            ceiling_bytes=size_bytes,
            work_class=_CLASSES[caller.work_class],
            tenant=caller.tenant,
            wait=to_duration(POLL_SECONDS),
            renew_within=to_duration(RENEW_WITHIN_SECONDS),
            process=self._process,
        )
        granted = False
        try:
            while True:
                answer = await self._ask(request)
                if answer.token.state == broker_pb2.TOKEN_STATE_GRANTED:
                    token = VramToken(answer.token)
                    self._renewer.keep(token)
                    granted = True
                    yield token
                    return
                else:
                    yield _wait_of(answer)
        finally:
            if not granted:
                await self._say_goodbye(request.token_id, 0)

    async def attach(self, token: VramToken, process: ProcessIdentity) -> None:
        """Tell the broker which process uses the memory: its death is the evidence for release.

        Raises:
            NotPossible: VRAM_TOKEN_STALE, the token is over.
            Busy: BROKER_UNREACHABLE.
        """
        self._renewer.attach(token, process)
        request = broker_pb2.RenewVramTokenRequest(
            token_id=token.token_id, epoch=token.epoch, users=[to_proto(process)]
        )
        try:
            await self._stub.RenewVramToken(request, timeout=RPC_SECONDS)
        except grpc.RpcError as error:
            raise named(error) from error

    async def release(self, token: VramToken) -> None:
        """Give a token back; call this once its processes are gone.

        When the broker does not answer, this is said again in the background until it does.
        """
        self._renewer.forget(token)
        await self._say_goodbye(token.token_id, token.epoch)

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

    async def _say_goodbye(self, token_id: str, epoch: int) -> None:
        """Release a token; epoch 0 leaves the queue, or gives up a grant nobody heard of."""
        request = broker_pb2.ReleaseVramTokenRequest(token_id=token_id, epoch=epoch)
        try:
            await self._stub.ReleaseVramToken(request, timeout=RPC_SECONDS)
        except (grpc.RpcError, asyncio.CancelledError) as error:
            self._renewer.say_goodbye(request)
            if not isinstance(error, grpc.RpcError):
                raise


def _wait_of(answer: broker_pb2.AcquireVramTokenResponse) -> MemoryWait:
    place = answer.place
    expected = to_seconds(place.expected) if place.HasField("expected") else None
    return MemoryWait(place.cause, place.position, expected)
