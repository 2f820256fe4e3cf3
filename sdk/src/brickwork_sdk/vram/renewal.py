"""Renewal of tokens, on a thread and a channel of its own.

An event loop that is blocked for minutes must not lose a token, because the memory is in use all
the same.
"""

import logging
import threading
import time
from dataclasses import dataclass

import grpc

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.errors import Reason
from brickwork_sdk.processes import ProcessIdentity
from brickwork_sdk.vram.token import VramToken
from brickwork_sdk.vram.wire import named, to_proto

log = logging.getLogger(__name__)

RENEW_WITHIN_SECONDS = 5.0
"""A holder that is silent for this long is suspected dead: the memory of a killed one is to be
free within 10 s."""
RENEW_EVERY_SECONDS = RENEW_WITHIN_SECONDS / 3
UNREACHABLE_SECONDS_MAX = 300.0
"""A holder keeps its memory this long while the broker is away; then it gives the memory back."""
STOP_SECONDS = 5.0


@dataclass
class _Kept:
    """A token that is renewed: by whom it is used, and when the broker last answered."""

    token: VramToken
    heard_at: float
    users: tuple[ProcessIdentity, ...] = ()


class Renewer:
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
        """Renew a token from now on."""
        with self._lock:
            self._kept[token.token_id] = _Kept(token, time.monotonic())

    def attach(self, token: VramToken, process: ProcessIdentity) -> None:
        """Name the process that uses it with each renewal."""
        with self._lock:
            self._kept[token.token_id].users = (process,)

    def forget(self, token: VramToken) -> None:
        """Renew it no more."""
        with self._lock:
            self._kept.pop(token.token_id, None)

    def say_goodbye(self, request: broker_pb2.ReleaseVramTokenRequest) -> None:
        """Repeat a release until the broker has heard it."""
        with self._lock:
            self._goodbyes[request.token_id] = request

    def stop(self) -> None:
        """End the thread and its channel."""
        self._stopped.set()
        self._thread.join(timeout=STOP_SECONDS)
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
        self._say_last_words()

    def _say_last_words(self) -> None:
        """Repeat what is unheard once more: memory that nobody used comes back on word alone."""
        until = time.monotonic() + STOP_SECONDS - RENEW_EVERY_SECONDS
        for goodbye in list(self._goodbyes.values()):
            if time.monotonic() < until:
                self._repeat(goodbye)

    def _renew(self, kept: "_Kept") -> None:
        token = kept.token
        request = broker_pb2.RenewVramTokenRequest(
            token_id=token.token_id,
            epoch=token.epoch,
            users=[to_proto(process) for process in kept.users],
        )
        try:
            answer = self._stub.RenewVramToken(request, timeout=RENEW_EVERY_SECONDS)
            kept.heard_at = time.monotonic()
            token.tell(is_wanted_back=answer.wanted_back)
        except grpc.RpcError as error:
            reason = named(error).reason
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
            reason = named(error).reason
            if reason not in (Reason.VRAM_TOKEN_STALE, Reason.VRAM_TOKEN_UNKNOWN):
                log.warning("vram_release_unheard", extra={"reason": reason.value})
                return
        with self._lock:
            self._goodbyes.pop(goodbye.token_id, None)
