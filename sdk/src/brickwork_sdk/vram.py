"""The broker's client: asks for VRAM tokens and keeps them alive.

Renewal runs on a thread of its own with a channel of its own: an event loop that is blocked for
minutes must not lose a token, because the memory is in use all the same.
"""

import asyncio
import logging
import os
import threading
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass

import grpc
import grpc.aio

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.durations import to_duration, to_seconds
from brickwork_sdk.errors import BrickworkError, Busy, EngineFailed, Reason
from brickwork_sdk.processes import ProcessIdentity, identify

log = logging.getLogger(__name__)

RENEW_WITHIN_SECONDS = 5.0
"""A holder that is silent for this long is suspected dead: the memory of a killed one is to be
free within 10 s."""
RENEW_EVERY_SECONDS = RENEW_WITHIN_SECONDS / 3
POLL_SECONDS = 2.0
"""How long one call waits for a grant before it tells the caller how things stand."""
RPC_SECONDS = 5.0
UNREACHABLE_SECONDS_MAX = 300.0
"""A holder keeps its memory this long while the broker is away; then it gives the memory back."""

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


class VramToken:
    """A granted right to use memory.

    Attributes:
        token_id: name that the broker knows it by.
        epoch: grows with every grant; a stale one is never revived.
        granted_bytes: how much may be used.
        device: where.
        is_lost: whether the broker has said that the token is over.
        is_wanted_back: whether others wait, so that an idle holder should give it back.
        notify: called in the holder's event loop when one of these two has changed.
    """

    def __init__(self, granted: broker_pb2.VramToken) -> None:
        self.token_id = granted.token_id
        self.epoch = granted.epoch
        self.granted_bytes = granted.granted_bytes
        self.device = granted.device
        self.is_lost = False
        self.is_wanted_back = False
        self.notify: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()

    def tell(self, *, is_lost: bool = False, is_wanted_back: bool = False) -> None:
        """Tell the holder, from any thread, how its token stands now."""
        with suppress(RuntimeError):  # the loop has ended, and with it whoever held the token
            self._loop.call_soon_threadsafe(self._take_in, is_lost, is_wanted_back)

    def _take_in(self, is_lost: bool, is_wanted_back: bool) -> None:
        if (is_lost, is_wanted_back) != (self.is_lost, self.is_wanted_back):
            self.is_lost, self.is_wanted_back = is_lost, is_wanted_back
            self.notify()


class VramClient:
    """Asks the broker for tokens on behalf of one process."""

    def __init__(self, address: str, holder: str) -> None:
        self._holder = holder
        self._channel = grpc.aio.insecure_channel(address)
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)
        self._renewer = _Renewer(address)
        me = identify(os.getpid())
        if me is None:
            raise EngineFailed(
                Reason.UNEXPECTED, "This process cannot read its own entry in /proc."
            )
        self._process = _to_proto(me)

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
            token_id=token.token_id, epoch=token.epoch, users=[_to_proto(process)]
        )
        try:
            await self._stub.RenewVramToken(request, timeout=RPC_SECONDS)
        except grpc.RpcError as error:
            raise _named(error) from error

    async def release(self, token: VramToken) -> None:
        """Give a token back; call this once its processes are gone.

        When the broker does not answer, this is said again in the background until it does.
        """
        self._renewer.forget(token)
        await self._say_goodbye(token.token_id, token.epoch)

    async def close(self) -> None:
        """End renewal and the channels."""
        self._renewer.stop()
        await self._channel.close()

    async def _ask(
        self, request: broker_pb2.AcquireVramTokenRequest
    ) -> broker_pb2.AcquireVramTokenResponse:
        try:
            return await self._stub.AcquireVramToken(request, timeout=POLL_SECONDS + RPC_SECONDS)
        except grpc.RpcError as error:
            raise _named(error) from error

    async def _say_goodbye(self, token_id: str, epoch: int) -> None:
        """Release a token; epoch 0 leaves the queue, or gives up a grant nobody heard of."""
        request = broker_pb2.ReleaseVramTokenRequest(token_id=token_id, epoch=epoch)
        try:
            await self._stub.ReleaseVramToken(request, timeout=RPC_SECONDS)
        except (grpc.RpcError, asyncio.CancelledError) as error:
            self._renewer.say_goodbye(request)
            if not isinstance(error, grpc.RpcError):
                raise


@dataclass
class _Kept:
    """A token that is renewed: by whom it is used, and when the broker last answered."""

    token: VramToken
    heard_at: float
    users: tuple[ProcessIdentity, ...] = ()


class _Renewer:
    """A thread that renews every kept token three times in its lifetime.

    It also repeats what the broker has not heard of those that are over: bytes of a token that
    nobody used come back on the word of its holder alone.
    """

    def __init__(self, address: str) -> None:
        self._kept: dict[str, _Kept] = {}
        self._goodbyes: dict[str, broker_pb2.ReleaseVramTokenRequest] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._channel = grpc.insecure_channel(address)
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)
        self._thread = threading.Thread(target=self._run, name="vram-renewer", daemon=True)
        self._thread.start()

    def keep(self, token: VramToken) -> None:
        with self._lock:
            self._kept[token.token_id] = _Kept(token, time.monotonic())

    def attach(self, token: VramToken, process: ProcessIdentity) -> None:
        with self._lock:
            self._kept[token.token_id].users = (process,)

    def forget(self, token: VramToken) -> None:
        with self._lock:
            self._kept.pop(token.token_id, None)

    def say_goodbye(self, request: broker_pb2.ReleaseVramTokenRequest) -> None:
        with self._lock:
            self._goodbyes[request.token_id] = request

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=RPC_SECONDS)
        self._channel.close()

    def _run(self) -> None:
        while not self._stopped.wait(RENEW_EVERY_SECONDS):
            with self._lock:
                kept = list(self._kept.values())
                goodbyes = list(self._goodbyes.values())
            for one in kept:
                self._renew(one)
            for goodbye in goodbyes:
                self._repeat(goodbye)

    def _renew(self, kept: "_Kept") -> None:
        token = kept.token
        request = broker_pb2.RenewVramTokenRequest(
            token_id=token.token_id,
            epoch=token.epoch,
            users=[_to_proto(process) for process in kept.users],
        )
        try:
            answer = self._stub.RenewVramToken(request, timeout=RENEW_EVERY_SECONDS)
            kept.heard_at = time.monotonic()
            token.tell(is_wanted_back=answer.wanted_back)
        except grpc.RpcError as error:
            reason = _named(error).reason
            silent_seconds = time.monotonic() - kept.heard_at
            over = reason in (Reason.VRAM_TOKEN_STALE, Reason.VRAM_TOKEN_UNKNOWN)
            if over or silent_seconds > UNREACHABLE_SECONDS_MAX:
                log.warning("vram_token_lost", extra={"reason": reason.value})
                self.forget(token)
                token.tell(is_lost=True)

    def _repeat(self, goodbye: broker_pb2.ReleaseVramTokenRequest) -> None:
        try:
            self._stub.ReleaseVramToken(goodbye, timeout=RENEW_EVERY_SECONDS)
        except grpc.RpcError as error:
            reason = _named(error).reason
            if reason not in (Reason.VRAM_TOKEN_STALE, Reason.VRAM_TOKEN_UNKNOWN):
                log.warning("vram_release_unheard", extra={"reason": reason.value})
                return
        with self._lock:
            self._goodbyes.pop(goodbye.token_id, None)


def _wait_of(answer: broker_pb2.AcquireVramTokenResponse) -> MemoryWait:
    place = answer.place
    expected = to_seconds(place.expected) if place.HasField("expected") else None
    return MemoryWait(place.cause, place.position, expected)


def _named(error: grpc.RpcError) -> BrickworkError:
    found = BrickworkError.from_rpc(error)
    if found.reason in (Reason.BRICK_UNREACHABLE, Reason.DEADLINE_EXCEEDED):
        return Busy(
            Reason.BROKER_UNREACHABLE,
            "The VRAM broker does not answer, so nothing new can be loaded.",
            retry_after_seconds=5.0,
        )
    return found


def _to_proto(process: ProcessIdentity) -> broker_pb2.ProcessIdentity:
    return broker_pb2.ProcessIdentity(
        pid=process.pid, start_ticks=process.start_ticks, boot_id=process.boot_id
    )
