"""How long the core of the broker takes for what holders say, with many tokens alive.

The ledger alone, without wire, journal or probe, on a virtual clock: every token is renewed and
every waiting caller asks again as often as the library does, and now and then a token ends, so that
whoever is next gets it and somebody else asks. What passing time and thinking over the queue cost
is part of the commands in which they fall due. `Observe`, twice a second, is told apart: no holder
waits for it.
"""

import gc
import time
from collections import deque
from dataclasses import dataclass, replace
from statistics import fmean

from brickwork_broker.core.commands import Acquire, Command, ConfirmGone, Observe, Release, Renew
from brickwork_broker.core.events import Event, Granted
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.core.request import Process, TokenRequest, WorkClass

WAITERS = 200
TENANTS = 20
SIZE_BYTES = 1024**2
RENEW_WITHIN_MS = 5_000
RENEW_EVERY_MS, POLL_EVERY_MS, LOOK_EVERY_MS = 1_667, 2_000, 500
RENEWALS_FOR_EACH_END = 50
_CLASSES = (WorkClass.INTERACTIVE, WorkClass.BATCH, WorkClass.NOTEBOOK)


@dataclass(frozen=True)
class Pace:
    """How fast the core was.

    Attributes:
        seconds: the mean of a command of a holder.
        longest_seconds: of one of them.
        look_seconds: the mean of taking in what the probe has read.
        count: of commands of holders.
    """

    seconds: float
    longest_seconds: float
    look_seconds: float
    count: int


def pace(token_count: int, renewals: int) -> Pace:
    """Measure with so many tokens alive and `WAITERS` waiting, over so many renewals."""
    play = _Play(token_count)
    gc.collect()
    gc.freeze()  # what was built before is as old as it would be in a broker that has run for long
    try:
        for number in range(renewals):
            play.go_on(number)
    finally:
        gc.unfreeze()
    return Pace(fmean(play.seconds), max(play.seconds), fmean(play.look_seconds), len(play.seconds))


class _Play:
    """One ledger, and holders that do what the library does."""

    def __init__(self, token_count: int) -> None:
        self._ledger = Ledger(Limits(token_count * SIZE_BYTES, 2 * WAITERS, 2 * WAITERS))
        self._now_ms = 0.0
        self._step_ms = RENEW_EVERY_MS / token_count
        self._polls_in_step = WAITERS * self._step_ms / POLL_EVERY_MS
        self._polls_due = 0.0
        self._look_due_ms = 0.0
        self._held = deque[Granted]()
        self._waiting = deque[TokenRequest]()
        self._asked_count = 0
        self.seconds: list[float] = []
        self.look_seconds: list[float] = []
        while len(self._held) < token_count or len(self._waiting) < WAITERS:
            self._ask()
        self.seconds.clear()

    def go_on(self, number: int) -> None:
        """Let one token be renewed, and whatever else falls into the time until the next."""
        self._now_ms += self._step_ms
        granted = self._held[0]
        self._held.rotate(-1)
        self._say(_renewal(granted))
        self._polls_due += self._polls_in_step
        while self._polls_due >= 1:
            self._polls_due -= 1
            self._waiting.rotate(-1)
            self._say(Acquire(self._waiting[0], POLL_EVERY_MS))
        if number % RENEWALS_FOR_EACH_END == 0:
            ended = self._held.popleft()
            self._say(Release(ended.request.token_id, ended.epoch))
            self._say(ConfirmGone(_user(ended)))
            self._ask()
        if self._now_ms >= self._look_due_ms:
            self._look_due_ms = self._now_ms + LOOK_EVERY_MS
            self._look()

    def _ask(self) -> None:
        number = self._asked_count
        self._asked_count += 1
        request = replace(
            _REQUEST,
            token_id=f"token-{number:08}",
            work_class=_CLASSES[number % len(_CLASSES)],
            tenant=f"tenant-{number % TENANTS}",
            process=Process("boot", 1 + number % 50, 1),
        )
        self._waiting.append(request)
        self._say(Acquire(request, POLL_EVERY_MS))

    def _say(self, command: Command) -> None:
        began = time.perf_counter()
        events = self._ledger.apply(command, int(self._now_ms))
        self.seconds.append(time.perf_counter() - began)
        self._hear(events)

    def _hear(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Granted):
                self._waiting.remove(event.request)
                self._held.append(event)
                self._say(_renewal(event))

    def _look(self) -> None:
        readings = {_user(granted): SIZE_BYTES for granted in self._held}
        used_bytes = len(readings) * SIZE_BYTES
        observed = Observe(int(self._now_ms), 2 * used_bytes, used_bytes, readings, {})
        began = time.perf_counter()
        self._ledger.apply(observed, int(self._now_ms))
        self.look_seconds.append(time.perf_counter() - began)


def _renewal(granted: Granted) -> Renew:
    return Renew(granted.request.token_id, granted.epoch, (_user(granted),))


def _user(granted: Granted) -> Process:
    return Process("boot", 1_000 + granted.epoch, 1)


_REQUEST = TokenRequest(
    token_id="",
    holder="asr",
    purpose="model",
    guaranteed_bytes=SIZE_BYTES,
    ceiling_bytes=SIZE_BYTES,
    work_class=WorkClass.BATCH,
    tenant="",
    renew_within_ms=RENEW_WITHIN_MS,
    process=Process("boot", 1, 1),
    revocable=True,
)
