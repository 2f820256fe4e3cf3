"""Tell how long a request is likely to wait, from how long tokens were kept before."""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from brickwork_broker.core.commands import Command
from brickwork_broker.core.correction import Correction, Interval
from brickwork_broker.core.events import AskedBack, Cancelled, Event, Granted, Loaded, Released
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.register import CLEARING_MS_MAX
from brickwork_broker.core.request import TokenRequest
from brickwork_broker.core.token import Grant, Waiter
from brickwork_broker.core.yielding import GRACE_MS

REMEMBERED = 64
"""How many past tokens of a kind are looked at: enough for a tenth, few enough to follow change."""
KINDS_MAX = 1_024
"""How many kinds are remembered; who has not ended a token for longest is forgotten first."""
LOW, HIGH = 0.1, 0.9
"""What is likely: less than a tenth of tokens like this were over sooner, and a tenth later."""
REFRESH_MS = 500
"""How long one forecast is good for; the queue is gone through once for all who wait."""

_LOAD = "load"


@dataclass(frozen=True, slots=True)
class _Kept:
    """Hold what is remembered of a token at work: whose it is, and since when."""

    kinds: tuple[str, ...]
    since_ms: int


class Forecast:
    """Learn how long tokens are kept, and play the queue forward twice: soon, and late.

    A token is taken for one of its own kind (holder, purpose and class), or where none has been
    seen for one of its class. What comes of it is corrected by how long the waits before this one
    really were.
    """

    def __init__(self) -> None:
        self._spans: dict[str, deque[int]] = {}
        self._kept: dict[str, _Kept] = {}
        self._made_at_ms = -REFRESH_MS
        self._made: Mapping[str, Interval | None] = {}
        self._told: dict[str, tuple[Interval, int]] = {}
        self._correction = Correction()

    def note(self, command: Command, events: Iterable[Event], now_ms: int) -> None:
        """Take in what one command has brought about."""
        for event in events:
            match event:
                case Granted():
                    kinds = _kinds(event.request)
                    self._kept[event.request.token_id] = _Kept(kinds, now_ms)
                    self._compare(event.request, now_ms)
                case Cancelled():
                    self._told.pop(event.token_id, None)
                case Released():
                    kept = self._kept.pop(event.token_id, None)
                    if kept is not None:
                        self._learn(kept.kinds, now_ms - kept.since_ms)
                case Loaded():
                    self._learn((_LOAD,), event.load_ms)
                case AskedBack():
                    self._made_at_ms = now_ms - REFRESH_MS
                case _:
                    pass

    def expected(self, ledger: Ledger, token_id: str, now_ms: int) -> Interval | None:
        """Return how long a request will wait from now, in ms: likely at least, and at most.

        None where nothing is known of those who would have to end first.
        """
        if now_ms - self._made_at_ms >= REFRESH_MS or token_id not in self._made:
            soon = self._play(ledger, now_ms, is_late=False)
            late = self._play(ledger, now_ms, is_late=True)
            self._made = {
                token_id: (soon[token_id], late[token_id])
                if token_id in soon and token_id in late
                else None
                for token_id in (waiter.request.token_id for waiter in ledger.waiters())
            }
            self._made_at_ms = now_ms
        forecast, waiter = self._made.get(token_id), ledger.find(token_id)
        if forecast is None or not isinstance(waiter, Waiter):
            return None
        self._told.setdefault(token_id, (forecast, now_ms))
        return self._correction.corrected(waiter.request.work_class.value, forecast)

    def _compare(self, request: TokenRequest, now_ms: int) -> None:
        """Learn from the first forecast of a wait that is over."""
        forecast, told_at_ms = self._told.pop(request.token_id, (None, 0))
        if forecast is not None:
            self._correction.learn(request.work_class.value, forecast, now_ms - told_at_ms)

    def _play(self, ledger: Ledger, now_ms: int, *, is_late: bool) -> dict[str, int]:
        """Go through the queue in turn, as if every token took its likely least, or most."""
        waiters = ledger.waiters()
        free_bytes, at_ms, loader_ms = ledger.free_bytes, 0, 0
        ends = list(self._ends(ledger, waiters, now_ms, is_late=is_late))
        heapq.heapify(ends)
        found: dict[str, int] = {}
        for waiter in waiters:
            request = waiter.request
            while free_bytes < request.guaranteed_bytes:
                if not ends:
                    return found
                at_ms, freed_bytes = heapq.heappop(ends)
                free_bytes += freed_bytes
            if request.loads:
                at_ms = max(at_ms, loader_ms)
                loader_ms = at_ms + (self._likely((_LOAD,), is_late=is_late) or 0)
            found[request.token_id] = at_ms
            free_bytes -= request.guaranteed_bytes
            kept_ms = self._likely(_kinds(request), is_late=is_late)
            if kept_ms is not None:
                heapq.heappush(ends, (at_ms + kept_ms, request.guaranteed_bytes))
        return found

    def _ends(
        self, ledger: Ledger, waiters: list[Waiter], now_ms: int, *, is_late: bool
    ) -> Iterable[Interval]:
        """Yield when memory comes back, from now, and how much of it."""
        asked = ledger.yielding_for(waiters[0]) if waiters else []
        yielded = {one.grant.request.token_id: one for one in asked}
        for grant in ledger.grants():
            one = yielded.get(grant.request.token_id)
            if grant.leaving_bytes:
                yield self._leaves_ms(grant, now_ms, is_late=is_late), grant.leaving_bytes
            elif one is not None:
                yield (GRACE_MS[one.how] + CLEARING_MS_MAX if is_late else 0), one.yielded_bytes
            else:
                left_ms = self._left_ms(grant, now_ms, is_late=is_late)
                if left_ms is not None:
                    yield left_ms, grant.granted_bytes

    def _leaves_ms(self, grant: Grant, now_ms: int, *, is_late: bool) -> int:
        if not is_late:
            return 0
        grace_ms = 0 if grant.demand is None else max(0, grant.demand.until_ms - now_ms)
        return grace_ms + CLEARING_MS_MAX

    def _left_ms(self, grant: Grant, now_ms: int, *, is_late: bool) -> int | None:
        """Return how long a token will still be kept: as those were that were kept as long."""
        age_ms = now_ms - grant.granted_at_ms
        span_ms = self._likely(_kinds(grant.request), is_late=is_late, more_than_ms=age_ms)
        return None if span_ms is None else max(0, span_ms - age_ms)

    def _likely(
        self, kinds: tuple[str, ...], *, is_late: bool, more_than_ms: int = -1
    ) -> int | None:
        for kind in kinds:
            spans = sorted(span for span in self._spans.get(kind, ()) if span > more_than_ms)
            if spans:
                return spans[int((HIGH if is_late else LOW) * (len(spans) - 1) + 0.5)]
        return None

    def _learn(self, kinds: tuple[str, ...], span_ms: int) -> None:
        for kind in kinds:
            spans = self._spans[kind] = self._spans.pop(kind, deque(maxlen=REMEMBERED))
            spans.append(span_ms)
        if len(self._spans) > KINDS_MAX:
            del self._spans[next(iter(self._spans))]


def _kinds(request: TokenRequest) -> tuple[str, ...]:
    of_class = request.work_class.value
    return f"{request.holder} {request.purpose} {of_class}", of_class
