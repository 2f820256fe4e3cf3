"""Hold what the ledger works on: rows, queue, readings, the time, and what has just happened."""

from collections.abc import Iterable
from dataclasses import dataclass

from brickwork_broker.core.events import (
    Cancelled,
    DrainSet,
    DurableEvent,
    Event,
    Evidence,
    Granted,
    Loaded,
    Quarantined,
    Refusal,
    Refused,
    Released,
    Shrunk,
)
from brickwork_broker.core.habits import Habits
from brickwork_broker.core.readings import Readings
from brickwork_broker.core.rows import Rows
from brickwork_broker.core.token import Grant, TokenState, Waiter
from brickwork_broker.core.waiting import Queue

RECOVERY_MS = 30_000
"""How long holders have after a restart to renew: the longest renewal period."""

SILENCE_MS = 5_000
"""How long a place in the queue outlives the last poll of its caller."""

CLEARING_MS_MAX = 10_000
"""Processes are gone this long after the end of their token. Of those that are not nobody can say
when they will be, so their bytes no longer count as on their way back, and others are asked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what the ledger may lend, and how many may wait: in all, and of one process."""

    capacity_bytes: int
    queue_max: int = 256
    queue_max_of_one: int = 32


class Register:
    """Keep the state of the ledger; rows change through `record` alone.

    Attributes:
        limits: what may be lent.
        rows: what a restart must know.
        queue: who waits.
        readings: what was last read of the device.
        habits: what is known of models.
        now_ms: the time.
        events: what the command at hand has brought about so far.
        due_ms: nothing ends by itself before then.
        detached: tokens of an earlier life whose holders have not renewed yet.
        closed_because: why nothing is granted, one sentence; empty when something may be.
        loading: id of the token whose model is being loaded; empty when none is.
        has_moved: whether something may be possible now that was not before.
        excess_bytes: how much more is in use than there may be.
    """

    def __init__(self, limits: Limits, history: Iterable[DurableEvent], now_ms: int) -> None:
        self.limits = limits
        self.now_ms = now_ms
        self.rows = Rows()
        for event in history:
            self.rows.fold(event, now_ms)
        self.queue = Queue(self.rows.shares)
        self.readings = Readings()
        self.habits = Habits()
        self.events: list[Event] = []
        self.due_ms = now_ms
        self.detached = set[str]()
        self.closed_because = ""
        self.loading = ""
        self.has_moved = False
        self.excess_bytes = 0
        self._is_compared = True
        for token_id, grant in self.rows.grants.items():
            if grant.is_alive:
                self.rows.change(token_id, expires_at_ms=now_ms + RECOVERY_MS)
                self.detached.add(token_id)

    @property
    def free_bytes(self) -> int:
        """Bytes that may be lent; negative while more is charged, or in use, than there may be.

        Each process counts with its tokens or its reading, whichever is more, and what others use
        of the device is theirs.
        """
        if not self._is_compared:
            self.readings.compare(self.rows.grants.values())
            self._is_compared = True
        used_bytes = self.rows.charged_bytes + self.readings.overrun_bytes
        free_bytes = self.limits.capacity_bytes - used_bytes
        if self.readings.total_bytes is None:
            return free_bytes
        return min(free_bytes, self.readings.total_bytes - self.readings.foreign_bytes - used_bytes)

    @property
    def most_bytes(self) -> int | None:
        """The most that can be granted beside what is stuck and what others keep using.

        None where neither takes anything of what may be lent.
        """
        capacity_bytes = most_bytes = self.limits.capacity_bytes
        if self.readings.total_bytes is not None:
            most_bytes = min(most_bytes, self.readings.total_bytes - self.readings.lasting_bytes)
        if self.rows.stuck_bytes:
            stuck = [grant for grant in self.rows.grants.values() if grant.is_stuck]
            most_bytes -= self.rows.stuck_bytes + self.readings.overrun_of(stuck)
        return most_bytes if most_bytes < capacity_bytes else None

    def find(self, token_id: str) -> Grant | Waiter | TokenState | None:
        """Return the row of a token, how it ended, or None for an id never seen."""
        rows = self.rows
        return rows.grants.get(token_id) or self.queue.find(token_id) or rows.ended.get(token_id)

    def due_by(self, at_ms: int) -> None:
        """Look at the time again then, at the latest."""
        self.due_ms = min(self.due_ms, at_ms)

    def came_back(self, token_id: str) -> None:
        """Note that the holder of a token from before a restart has renewed it."""
        if token_id in self.detached:
            self.detached.discard(token_id)
            self.has_moved = True

    def refuse(self, token_id: str, refusal: Refusal, message: str, field: str = "") -> None:
        """Say that the command changes nothing, and why."""
        self.events.append(Refused(token_id, refusal, message, field))

    def say(self, event: Event) -> None:
        """Tell of something that a restart need not know."""
        self.events.append(event)

    def record(self, event: DurableEvent) -> None:
        """Change the rows as an event says, and tell of it."""
        self.rows.fold(event, self.now_ms)
        self.events.append(event)
        match event:
            case Granted():
                self._granted(event)
            case Cancelled():
                self.queue.remove(event.token_id)
                self.has_moved = True
            case Quarantined():
                self.detached.discard(event.token_id)
                self.due_by(self.now_ms + CLEARING_MS_MAX)
                self._load_over(event.token_id)
            case Released(evidence=Evidence.OVERRIDE | Evidence.COVERED) | Shrunk():
                # The processes live on, and may use more than their tokens now say.
                self._is_compared = False
                self.has_moved = True
            case Released() | DrainSet():
                self.has_moved = True
            case _:
                pass

    def close(self, cause: str) -> None:
        """Grant nothing because of a cause; with an empty one grant again."""
        self.closed_because = cause
        self.has_moved = True

    def loaded(self, grant: Grant) -> None:
        """Note that a model is there, and free the load slot."""
        token_id, load_ms = grant.request.token_id, self.now_ms - grant.granted_at_ms
        self.rows.change(token_id, is_loading=False)
        if grant.load_due_ms:  # otherwise it was there before this broker started
            self.habits.loaded(grant.request, load_ms)
            self.say(Loaded(token_id, load_ms))
        self._load_over(token_id)

    def _granted(self, event: Granted) -> None:
        request = event.request
        self.queue.remove(request.token_id)
        self.due_by(self.now_ms + request.renew_within_ms)
        self.has_moved = True
        if request.loads:
            self.loading = request.token_id
            self.habits.load_began(request, self.now_ms)

    def _load_over(self, token_id: str) -> None:
        if self.loading == token_id:
            self.loading = ""
        self.has_moved = True
