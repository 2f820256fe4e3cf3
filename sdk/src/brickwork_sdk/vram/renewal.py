"""Renewal of tokens, on a thread and a channel of its own.

An event loop that is blocked for minutes must not lose a token, because the memory is in use all
the same.
"""

import logging
import threading
import time
from dataclasses import dataclass, replace

import grpc

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.vram.token import VramToken
from brickwork_sdk.vram.wire import named, renewal, standing

log = logging.getLogger(__name__)

RENEW_WITHIN_SECONDS = 5.0
"""A holder that is silent for this long is suspected dead: the memory of a killed one is to be
free within 10 s."""
RENEW_EVERY_SECONDS = RENEW_WITHIN_SECONDS / 3
HURRY_SECONDS = 0.1
"""A renewal that cannot wait comes so long after the one before at the earliest: calls that last
milliseconds would otherwise cost one each."""
UNREACHABLE_SECONDS_MAX = 300.0
"""A holder keeps its memory this long while the broker is away; then it gives the memory back."""
STOP_SECONDS = 5.0
_OVER = (Reason.VRAM_TOKEN_STALE, Reason.VRAM_TOKEN_UNKNOWN, Reason.VRAM_TOKEN_FOREIGN)
"""What the broker says of a token that is not, or no longer, its holder's."""


@dataclass
class _Kept:
    """A token that is renewed: by whom it is used, and when the broker last answered."""

    token: VramToken
    heard_at: float
    users: tuple[ProcessIdentity, ...] = ()


class Renewer:
    """A thread that renews every kept token three times in its lifetime, and when it is told to.

    It also repeats what the broker has not heard of those that are over: bytes of a token that
    nobody used come back on the word of its holder alone.
    """

    def __init__(self, address: str) -> None:
        self._kept: dict[str, _Kept] = {}
        self._goodbyes: dict[str, broker_pb2.ReleaseVramTokenRequest] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._channel = grpc.insecure_channel(address)
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)
        self._thread = threading.Thread(target=self._run, name="vram-renewer", daemon=True)
        self._thread.start()

    def keep(self, token: VramToken) -> None:
        """Renew a token from now on."""
        with self._lock:
            self._kept[token.token_id] = _Kept(token, time.monotonic())

    def attach(
        self, token: VramToken, processes: tuple[ProcessIdentity, ...]
    ) -> tuple[ProcessIdentity, ...]:
        """Name these processes too with each renewal; return all that are named.

        Raises:
            NotPossible: VRAM_TOKEN_STALE, it is renewed no more.
        """
        with self._lock:
            kept = self._kept.get(token.token_id)
            if kept is None:
                raise NotPossible(Reason.VRAM_TOKEN_STALE, "The token is over.")
            kept.users = tuple(dict.fromkeys((*_living(kept.users), *processes)))
            return kept.users

    def hurry(self) -> None:
        """Renew now."""
        self._woken.set()

    def forget(self, token: VramToken) -> bool:
        """Renew it no more; return whether it was renewed until now."""
        with self._lock:
            return self._kept.pop(token.token_id, None) is not None

    def say_goodbye(self, request: broker_pb2.ReleaseVramTokenRequest) -> None:
        """Repeat a release until the broker has heard it."""
        with self._lock:
            self._goodbyes[request.token_id] = request

    def stop(self) -> None:
        """End the thread and its channel."""
        self._stopped.set()
        self._woken.set()
        self._thread.join(timeout=STOP_SECONDS)
        self._channel.close()

    def _run(self) -> None:
        while True:
            self._stopped.wait(HURRY_SECONDS)
            self._woken.wait(RENEW_EVERY_SECONDS - HURRY_SECONDS)
            self._woken.clear()
            if self._stopped.is_set():
                break
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
        token, asked_at = kept.token, time.monotonic()
        with self._lock:
            kept.users = _living(kept.users)
        try:
            answer = self._stub.RenewVramToken(
                renewal(token, kept.users), timeout=RENEW_EVERY_SECONDS
            )
            kept.heard_at = time.monotonic()
            token.tell(standing(answer, asked_at))
        except grpc.RpcError as error:
            reason = named(error).reason
            silent_seconds = time.monotonic() - kept.heard_at
            is_over = reason in _OVER or silent_seconds > UNREACHABLE_SECONDS_MAX
            # What its holder gave back while this renewal was under way is over, and not lost.
            if is_over and self.forget(token):
                log.warning("vram_token_lost", extra={"reason": reason.value})
                token.tell(replace(token.standing, is_lost=True))

    def _repeat(self, goodbye: broker_pb2.ReleaseVramTokenRequest) -> None:
        try:
            self._stub.ReleaseVramToken(goodbye, timeout=RENEW_EVERY_SECONDS)
        except grpc.RpcError as error:
            reason = named(error).reason
            if reason not in _OVER:
                log.warning("vram_release_unheard", extra={"reason": reason.value})
                return
        with self._lock:
            self._goodbyes.pop(goodbye.token_id, None)


def _living(users: tuple[ProcessIdentity, ...]) -> tuple[ProcessIdentity, ...]:
    """Leave out those that have ended: their memory is gone, and a program may start thousands."""
    return tuple(user for user in users if identify(user.pid) == user)
