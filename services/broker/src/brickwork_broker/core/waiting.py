"""Hold who waits, and tell whose turn it is."""

import math
from collections import Counter
from collections.abc import Iterator

from brickwork_broker.core.request import Process, WorkClass
from brickwork_broker.core.shares import Shares
from brickwork_broker.core.token import Waiter

PATIENCE_MS = {
    WorkClass.INTERACTIVE: 0,
    WorkClass.BATCH: 60_000,
    WorkClass.NOTEBOOK: 300_000,
    WorkClass.BEST_EFFORT: 900_000,
}
"""How long a class lets more urgent work that came later go first.

This is the whole of ageing: classes take their turns by the time of asking of their oldest request
plus the patience of the class, so that nothing is overtaken by work of another class that was asked
for later than its own patience.
"""

FAIR_MS_MAX = 300_000
"""Inside a class the tenant that has had the least goes first; a request that has waited this long
goes before them all, by its age."""

NEVER_MS = math.inf

Key = tuple[int, float, int]
Lines = dict[WorkClass, dict[str, dict[str, Waiter]]]
"""Requests by class, tenant and id."""


class Queue:
    """Keep requests by class and tenant, each tenant's in the order of asking.

    Only the first request of each tenant can be next, so that the next one is found without
    looking at those behind it, however many there are.

    Attributes:
        guaranteed_bytes: what all of them together need at least.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._order_next = 0
        self.guaranteed_bytes = 0
        self._counts: Counter[Process] = Counter()
        self._by_id: dict[str, Waiter] = {}
        self._lines: Lines = {work_class: {} for work_class in WorkClass}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(list(self._by_id.values()))

    def find(self, token_id: str) -> Waiter | None:
        """Return a request that waits, or None."""
        return self._by_id.get(token_id)

    def next_order(self) -> int:
        """Return a number that grows with each request."""
        self._order_next += 1
        return self._order_next

    def count_of(self, process: Process) -> int:
        """Return how many requests of a process wait."""
        return self._counts[process]

    def put(self, waiter: Waiter) -> None:
        """Add a request at its place, or put a changed one in the place of the old."""
        token_id, tenant = waiter.request.token_id, waiter.request.tenant
        before = self._by_id.get(token_id)
        if before is not None and before.work_class is not waiter.work_class:
            self.remove(token_id)
            before = None
        if before is None:
            self._counts[waiter.request.process] += 1
            self.guaranteed_bytes += waiter.request.guaranteed_bytes
        self._by_id[token_id] = waiter
        line = self._lines[waiter.work_class].setdefault(tenant, {})
        is_last = token_id in line or not line or _last(line).order < waiter.order
        line[token_id] = waiter
        if not is_last:
            ordered = sorted(line.values(), key=lambda one: one.order)
            self._lines[waiter.work_class][tenant] = {one.request.token_id: one for one in ordered}

    def remove(self, token_id: str) -> None:
        """Take a request out; nothing happens where it does not wait."""
        waiter = self._by_id.pop(token_id, None)
        if waiter is not None:
            self._counts -= Counter([waiter.request.process])
            self.guaranteed_bytes -= waiter.request.guaranteed_bytes
            lines = self._lines[waiter.work_class]
            line = lines[waiter.request.tenant]
            del line[token_id]
            if not line:
                del lines[waiter.request.tenant]

    def head(self, now_ms: int, most_bytes: int | None = None) -> Waiter | None:
        """Return who is next, or None where nobody waits.

        Args:
            now_ms: the time.
            most_bytes: who needs more than that is not next, whoever it is; None for no bound.
        """
        if not self._by_id:
            return None
        by_class = list(self._lines_within(most_bytes).values())
        ripe_ms = [
            min(map(_ripe_ms, map(_first, lines.values())), default=NEVER_MS) for lines in by_class
        ]
        number, until_ms = _class_on_turn(ripe_ms)
        firsts = map(_first, by_class[number].values())
        allowed = (waiter for waiter in firsts if waiter.asked_at_ms <= until_ms)
        return min(allowed, key=lambda waiter: self._turn(waiter, now_ms), default=None)

    def in_turn(self, now_ms: int, most_bytes: int | None = None) -> list[Waiter]:
        """Return all requests in the order in which they would be granted if none came.

        Args:
            now_ms: the time.
            most_bytes: who needs more than that comes after all others; None for no bound.
        """
        within = self._in_turn(self._lines_within(most_bytes), now_ms)
        if len(within) == len(self._by_id):
            return within
        placed = {waiter.request.token_id for waiter in within}
        everybody = self._in_turn(self._lines, now_ms)
        return [*within, *(one for one in everybody if one.request.token_id not in placed)]

    def _lines_within(self, most_bytes: int | None) -> Lines:
        """Return the lines without those who need more."""
        if most_bytes is None:
            return self._lines
        return {
            work_class: {
                tenant: kept
                for tenant, line in lines.items()
                if (kept := {at: one for at, one in line.items() if _needs(one) <= most_bytes})
            }
            for work_class, lines in self._lines.items()
        }

    def _in_turn(self, by_class: Lines, now_ms: int) -> list[Waiter]:
        lines = [
            sorted(
                (waiter for line in lines.values() for waiter in line.values()),
                key=lambda waiter: self._turn(waiter, now_ms),
            )
            for lines in by_class.values()
        ]
        by_age = [sorted(line, key=lambda waiter: -waiter.order) for line in lines]
        ripe_ms = [_ripe_ms(waiters[-1]) if waiters else NEVER_MS for waiters in by_age]
        ordered: list[Waiter] = []
        gone = set[int]()
        for _ in range(sum(map(len, lines))):
            number, until_ms = _class_on_turn(ripe_ms)
            line, oldest = lines[number], by_age[number]
            place = next(at for at, one in enumerate(line) if one.asked_at_ms <= until_ms)
            ordered.append(line.pop(place))
            gone.add(ordered[-1].order)
            while oldest and oldest[-1].order in gone:
                oldest.pop()
            ripe_ms[number] = _ripe_ms(oldest[-1]) if oldest else NEVER_MS
        return ordered

    def _turn(self, waiter: Waiter, now_ms: int) -> Key:
        if now_ms - waiter.asked_at_ms >= FAIR_MS_MAX:
            return 0, 0.0, waiter.order
        return 1, self._shares.attained(waiter.request.tenant, now_ms), waiter.order


def _ripe_ms(waiter: Waiter) -> int:
    return waiter.asked_at_ms + PATIENCE_MS[waiter.work_class]


def _needs(waiter: Waiter) -> int:
    return waiter.request.guaranteed_bytes


def _class_on_turn(ripe_ms: list[float]) -> tuple[int, float]:
    """Return the number of the class whose turn it is, and up to when its requests may be asked.

    Its oldest request has made it the turn of the class. A request of another tenant goes before
    that one if it is fair, but not before another class that has waited longer than its patience.
    """
    number = min(range(len(ripe_ms)), key=ripe_ms.__getitem__)
    return number, min(other for at, other in enumerate(ripe_ms) if at != number)


def _first(line: dict[str, Waiter]) -> Waiter:
    return next(iter(line.values()))


def _last(line: dict[str, Waiter]) -> Waiter:
    return next(reversed(line.values()))
