"""Decide what may happen to a token: who holds memory, who waits, what frees it.

`apply` is the only door. It records each decision as an event, and rows change only through
events. Nothing here reads a clock, a file or a process: time and deaths are told.

    -           -> QUEUED        asked, sensible, can fit, room in the queue
    QUEUED      -> GRANTED       its turn, its caller listens, it fits
    QUEUED      -> CANCELLED     left, fell silent, or its holder is gone
    GRANTED     -> QUARANTINED   given back, expired, or its holder is gone: the bytes stay charged
    QUARANTINED -> RELEASED      evidence: every process that was named as a user is gone; if none
                                 ever was, the holder says that it is done, or is gone itself

A holder names a process as a user before that process uses any memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from brickwork_broker import admission, policy
from brickwork_broker.amount import in_words
from brickwork_broker.messages import (
    Abandon,
    Acquire,
    Cancelled,
    Command,
    ConfirmGone,
    DurableEvent,
    EpochsReserved,
    Event,
    Evidence,
    Granted,
    Process,
    Quarantined,
    Queued,
    Refusal,
    Refused,
    Release,
    Released,
    Renew,
    Renewed,
    Suspicion,
    Tick,
    TokenState,
    UserGone,
    UsersBound,
)
from brickwork_broker.rows import Rows
from brickwork_broker.token import Grant, Waiter

RECOVERY_MS = 30_000
"""How long holders have after a restart to renew: the longest renewal period."""

SILENCE_MS = 5_000
"""How long a place in the queue outlives the last poll of its caller."""

EPOCH_BLOCK = 1_024
"""Epochs reserved at a time: each block costs the journal one fsync."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what the ledger may lend and how many may wait."""

    capacity_bytes: int
    queue_max: int = 256


class Ledger:
    """Lend memory by the rules above.

    Args:
        limits: what may be lent.
        history: durable events of an earlier life, oldest first.
        now_ms: the clock at this start; after a restart every grant has `RECOVERY_MS` to renew.
    """

    def __init__(
        self, limits: Limits, history: Iterable[DurableEvent] = (), now_ms: int = 0
    ) -> None:
        self.limits = limits
        self._now_ms = now_ms
        self._rows = Rows()
        for event in history:
            self._rows.fold(event, now_ms)
        self._epoch_next = self._rows.epoch_end
        self._queue: dict[str, Waiter] = {}
        self._order_next = 0
        self._events: list[Event] = []
        self._detached = set[str]()
        for token_id, grant in self._rows.grants.items():
            if grant.state is TokenState.GRANTED:
                self._rows.extend(token_id, now_ms + RECOVERY_MS)
                self._detached.add(token_id)
        self._due_ms = now_ms

    @property
    def is_recovering(self) -> bool:
        """Whether holders of an earlier life are still awaited; nothing is granted meanwhile."""
        return bool(self._detached)

    @property
    def charged_bytes(self) -> int:
        """Bytes granted or quarantined."""
        return self._rows.charged_bytes

    @property
    def free_bytes(self) -> int:
        """Bytes that may be lent; negative if the capacity was set below what is lent."""
        return self.limits.capacity_bytes - self._rows.charged_bytes

    def grants(self) -> list[Grant]:
        """Return what is charged, in order of grant."""
        return list(self._rows.grants.values())

    def waiters(self) -> list[Waiter]:
        """Return who waits, in turn."""
        return policy.in_turn(self._queue.values())

    def find(self, token_id: str) -> Grant | Waiter | TokenState | None:
        """Return the row of a token, how it ended, or None for an id never seen."""
        rows = self._rows
        return rows.grants.get(token_id) or self._queue.get(token_id) or rows.ended.get(token_id)

    def processes(self) -> set[Process]:
        """Return every process whose death would matter."""
        grants = self._rows.grants.values()
        holders = {grant.request.process for grant in grants}
        holders.update(waiter.request.process for waiter in self._queue.values())
        return holders.union(*(grant.users for grant in grants))

    def history(self) -> Iterator[DurableEvent]:
        """Yield the fewest events that bring back what a restart must know."""
        return self._rows.history()

    def apply(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        """Carry out one command and return what happened, in order.

        Args:
            command: what is asked or reported.
            now_ms: a clock that never goes back.
        """
        assert now_ms >= self._now_ms, "the clock of the ledger went back"
        self._now_ms = now_ms
        self._events = []
        self._let_time_pass()
        match command:
            case Acquire():
                self._acquire(command)
            case Abandon():
                self._abandon(command.token_id)
            case Renew():
                self._renew(command)
            case Release():
                self._release(command)
            case ConfirmGone():
                self._confirm_gone(command.process)
            case Tick():
                pass
        self._grant_in_turn()
        return tuple(self._events)

    def _let_time_pass(self) -> None:
        if self._now_ms < self._due_ms:
            return
        granted = [g for g in self._rows.grants.values() if g.state is TokenState.GRANTED]
        for grant in granted:
            if grant.expires_at_ms <= self._now_ms:
                self._end(grant, Suspicion.EXPIRED)
        for token_id, waiter in list(self._queue.items()):
            if waiter.listens_until_ms + SILENCE_MS <= self._now_ms:
                self._record(Cancelled(token_id))
        # Renewals and polls only move an end back, so the earliest end of those that are left is
        # a safe time to look again; whatever is granted or queued later brings its own.
        ends_ms = [g.expires_at_ms for g in granted if g.expires_at_ms > self._now_ms]
        ends_ms += [w.listens_until_ms + SILENCE_MS for w in self._queue.values()]
        self._due_ms = min(ends_ms, default=self._now_ms + RECOVERY_MS)

    def _acquire(self, command: Acquire) -> None:
        request = command.request
        token_id = request.token_id
        fault = admission.find_fault(request, command.wait_ms)
        if fault is not None:
            self._refuse(token_id, Refusal.REQUEST_INVALID, fault.message, fault.field)
            return
        row = self.find(token_id)
        if row is None:
            self._enqueue(command)
        elif isinstance(row, TokenState):
            self._refuse(token_id, Refusal.STALE, f"This token id is {row.value} already.")
        elif row.request.process != request.process:
            message = "Another process uses this token id."
            self._refuse(token_id, Refusal.REQUEST_INVALID, message, "token_id")
        elif isinstance(row, Waiter):
            self._listen(row, command.wait_ms)
        elif row.state is not TokenState.GRANTED:
            self._refuse(token_id, Refusal.STALE, f"The token is {row.state.value}.")

    def _enqueue(self, command: Acquire) -> None:
        request = command.request
        capacity_bytes = self.limits.capacity_bytes
        if request.guaranteed_bytes > capacity_bytes:
            message = (
                f"{request.holder} {request.purpose} needs {in_words(request.guaranteed_bytes)},"
                f" and this machine lends {in_words(capacity_bytes)} in all."
            )
            self._refuse(request.token_id, Refusal.CAN_NEVER_FIT, message)
        elif len(self._queue) >= self.limits.queue_max:
            message = f"{len(self._queue)} requests wait for memory already."
            self._refuse(request.token_id, Refusal.QUEUE_FULL, message)
        else:
            self._events.append(Queued(request.token_id))
            waiter = Waiter(request, self._now_ms, self._order_next, self._now_ms)
            self._order_next += 1
            self._listen(waiter, command.wait_ms)

    def _listen(self, waiter: Waiter, wait_ms: int) -> None:
        until_ms = max(waiter.listens_until_ms, self._now_ms + wait_ms)
        self._queue[waiter.request.token_id] = replace(waiter, listens_until_ms=until_ms)
        self._due_ms = min(self._due_ms, until_ms + SILENCE_MS)

    def _abandon(self, token_id: str) -> None:
        waiter = self._queue.get(token_id)
        if waiter is not None:
            self._queue[token_id] = replace(waiter, listens_until_ms=self._now_ms - 1)
            self._due_ms = min(self._due_ms, self._now_ms - 1 + SILENCE_MS)

    def _renew(self, command: Renew) -> None:
        token_id = command.token_id
        grant = self._of_epoch(token_id, command.epoch)
        if grant is None:
            return
        users = tuple(dict.fromkeys((*grant.users, *command.users)))
        fault = admission.find_fault_of_users(users)
        if fault is not None:
            self._refuse(token_id, Refusal.REQUEST_INVALID, fault.message, fault.field)
        elif grant.state is not TokenState.GRANTED:
            self._refuse(token_id, Refusal.STALE, f"The token is {grant.state.value}.")
        else:
            self._rows.extend(token_id, self._now_ms + grant.request.renew_within_ms)
            self._detached.discard(token_id)
            self._events.append(Renewed(token_id))
            if users != grant.users:
                self._record(UsersBound(token_id, users))

    def _release(self, command: Release) -> None:
        token_id = command.token_id
        row = self.find(token_id)
        if isinstance(row, TokenState):
            return
        never_told = command.epoch == 0 and admission.is_token_id(token_id)
        if never_told and not isinstance(row, Grant):
            # The Acquire of an unknown id may still be on its way: its end is on record first.
            self._record(Cancelled(token_id))
        elif never_told and isinstance(row, Grant) and not row.was_used:
            self._end(row, Suspicion.RELEASED_BY_HOLDER)
        elif (grant := self._of_epoch(token_id, command.epoch)) is not None:
            self._end(grant, Suspicion.RELEASED_BY_HOLDER)

    def _confirm_gone(self, process: Process) -> None:
        for token_id, waiter in list(self._queue.items()):
            if waiter.request.process == process:
                self._record(Cancelled(token_id))
        for grant in self.grants():
            token_id = grant.request.token_id
            if process in grant.users:
                self._record(UserGone(token_id, process))
            if process == grant.request.process:
                self._end(grant, Suspicion.HOLDER_GONE)
            else:
                self._release_if_proven(token_id)

    def _of_epoch(self, token_id: str, epoch: int) -> Grant | None:
        """Return the grant of this very epoch, or refuse and return None."""
        row = self.find(token_id)
        if isinstance(row, Grant) and row.epoch == epoch:
            return row
        if row is None:
            self._refuse(token_id, Refusal.UNKNOWN, "No token has this id.")
        else:
            self._refuse(token_id, Refusal.STALE, f"Epoch {epoch} does not hold this token.")
        return None

    def _end(self, grant: Grant, suspicion: Suspicion) -> None:
        token_id = grant.request.token_id
        if grant.suspicion in (None, Suspicion.EXPIRED):
            self._record(Quarantined(token_id, suspicion))
        self._release_if_proven(token_id)

    def _release_if_proven(self, token_id: str) -> None:
        grant = self._rows.grants[token_id]
        if grant.suspicion is None or grant.users:
            return
        if grant.was_used:
            self._record(Released(token_id, Evidence.USERS_GONE))
        elif grant.suspicion is not Suspicion.EXPIRED:
            self._record(Released(token_id, Evidence.NEVER_USED))

    def _grant_in_turn(self) -> None:
        while self._queue and not self.is_recovering:
            waiters = self.waiters()
            head = waiters[0]
            granted_bytes = policy.bytes_for_head(waiters, self.free_bytes)
            if granted_bytes is None or head.listens_until_ms < self._now_ms:
                return
            if self._epoch_next == self._rows.epoch_end:
                self._record(EpochsReserved(self._epoch_next + EPOCH_BLOCK))
            self._record(Granted(head.request, granted_bytes, self._epoch_next))
            self._epoch_next += 1
            self._due_ms = min(self._due_ms, self._now_ms + head.request.renew_within_ms)
            assert self.free_bytes >= 0, "more was lent than there is"

    def _refuse(self, token_id: str, refusal: Refusal, message: str, field: str = "") -> None:
        self._events.append(Refused(token_id, refusal, message, field))

    def _record(self, event: DurableEvent) -> None:
        self._rows.fold(event, self._now_ms)
        self._events.append(event)
        if isinstance(event, Granted):
            del self._queue[event.request.token_id]
        elif isinstance(event, Cancelled):
            self._queue.pop(event.token_id, None)
        elif isinstance(event, Quarantined):
            self._detached.discard(event.token_id)
