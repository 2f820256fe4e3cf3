"""Decide what may happen to a token: who holds memory, who waits, what frees it.

`apply` is the only door. It records each decision as an event, and rows change only through
events. Nothing here reads a clock, a file or a process: time, deaths and readings are told.

    -           -> QUEUED        asked, sensible, can fit, room in the queue         (asking)
    QUEUED      -> GRANTED       its turn, its caller listens, it fits, and no other
                                 model is being loaded                               (room)
    QUEUED      -> CANCELLED     left, gave up, fell silent, or its holder is gone   (asking)
    GRANTED     -> SHRINKING     asked for what is beyond its guaranteed bytes       (room)
    SHRINKING   -> GRANTED       keeps to less: it says so, and the readings agree   (holding)
    GRANTED,
    SHRINKING   -> REVOKING      asked for all: others need it more, its time is
                                 over, its load hangs, it did not shrink in time     (room, passing)
    GRANTED,
    SHRINKING,
    REVOKING    -> QUARANTINED   given back, expired, its holder is gone, its grace
                                 is over: the bytes stay charged                     (holding)
    QUARANTINED -> RELEASED      evidence: every process that was named as a user is
                                 gone; if none ever was, the holder says that it is
                                 done, or is gone itself. Or an operator answers for
                                 it, on record                                       (holding)

A holder names a process as a user before that process uses any memory.
"""

from collections.abc import Iterable, Iterator

from brickwork_broker.core import asking, holding, passing
from brickwork_broker.core.commands import (
    Abandon,
    Acquire,
    Administration,
    Close,
    Command,
    ConfirmGone,
    Observe,
    Override,
    Reclassify,
    Release,
    Renew,
    SetDraining,
    Tick,
)
from brickwork_broker.core.events import DrainSet, DurableEvent, Event
from brickwork_broker.core.register import RECOVERY_MS, SILENCE_MS, Limits, Register
from brickwork_broker.core.request import Process
from brickwork_broker.core.room import Room
from brickwork_broker.core.token import Grant, TokenState, Waiter
from brickwork_broker.core.yielding import Yielding

__all__ = ["RECOVERY_MS", "SILENCE_MS", "Ledger", "Limits"]


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
        self._register = Register(limits, history, now_ms)
        self._room = Room(self._register)

    @property
    def is_recovering(self) -> bool:
        """Whether holders of an earlier life are still awaited; nothing is granted meanwhile."""
        return bool(self._register.detached)

    @property
    def closed_because(self) -> str:
        """Why nothing is granted for want of storage, one sentence; empty when something may be."""
        return self._register.closed_because

    @property
    def draining(self) -> DrainSet:
        """Whether an operator has stopped granting, who, and why."""
        return self._register.rows.draining

    @property
    def excess_bytes(self) -> int:
        """How much more is in use than there may be; while it is, nothing is granted."""
        return self._register.excess_bytes

    @property
    def charged_bytes(self) -> int:
        """Bytes granted or quarantined."""
        return self._register.rows.charged_bytes

    @property
    def free_bytes(self) -> int:
        """Bytes that may be lent; negative while there are less than none."""
        return self._register.free_bytes

    @property
    def leaving_bytes(self) -> int:
        """Bytes on their way back: asked for, or over and not yet proven free."""
        return self._register.rows.leaving_bytes

    @property
    def most_bytes(self) -> int | None:
        """The most that can be granted beside what is stuck and what others keep using.

        None where neither takes anything of what may be lent.
        """
        return self._register.most_bytes

    @property
    def foreign_bytes(self) -> int:
        """Bytes of the device that processes without a token use, as far as that is read."""
        return self._register.readings.foreign_bytes

    @property
    def overrun_bytes(self) -> int:
        """Bytes that processes use beyond all their tokens, as far as that is read."""
        return self._register.readings.overrun_bytes

    @property
    def loading(self) -> Grant | None:
        """The grant whose model is being loaded."""
        return self._register.rows.grants.get(self._register.loading)

    @property
    def has_waiters(self) -> bool:
        """Whether anybody waits."""
        return len(self._register.queue) > 0

    def grants(self) -> list[Grant]:
        """Return what is charged, in order of grant."""
        return list(self._register.rows.grants.values())

    def waiters(self) -> list[Waiter]:
        """Return who waits, in turn."""
        return self._register.queue.in_turn(self._register.now_ms, self._register.most_bytes)

    def find(self, token_id: str) -> Grant | Waiter | TokenState | None:
        """Return the row of a token, how it ended, or None for an id never seen."""
        return self._register.find(token_id)

    def reading_of(self, grant: Grant) -> int | None:
        """Return what the users of a grant were last seen to use; None unless each was read."""
        return self._register.readings.of(grant)

    def yielding_for(self, waiter: Waiter) -> list[Yielding]:
        """Return who would be asked to make room for a request, were it the next one."""
        return self._room.yielding_for(waiter)

    def storms(self, grant: Grant) -> bool:
        """Tell whether the model of a grant comes and goes without end, and so stays longer."""
        return self._register.habits.storms(grant.request, self._register.now_ms)

    def processes(self) -> set[Process]:
        """Return every process whose death would matter."""
        grants = self._register.rows.grants.values()
        holders = {grant.request.process for grant in grants}
        holders.update(waiter.request.process for waiter in self._register.queue)
        return holders.union(*(grant.users for grant in grants))

    def history(self) -> Iterator[DurableEvent]:
        """Yield the fewest events that bring back what a restart must know."""
        return self._register.rows.history()

    def apply(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        """Carry out one command and return what happened, in order.

        Args:
            command: what is asked or reported.
            now_ms: a clock that never goes back.
        """
        register = self._register
        assert now_ms >= register.now_ms, "the clock of the ledger went back"
        register.now_ms = now_ms
        register.events = []
        passing.let_time_pass(register, self._room)
        self._carry_out(command)
        self._room.grant_in_turn()
        self._room.make_room()
        return tuple(register.events)

    def _carry_out(self, command: Command) -> None:
        register = self._register
        match command:
            case Acquire():
                asking.acquire(register, command)
            case Abandon():
                asking.abandon(register, command.token_id)
            case Renew():
                holding.renew(register, command)
            case Release():
                holding.release(register, command)
            case ConfirmGone():
                holding.confirm_gone(register, command.process)
            case Observe():
                self._room.observe(command)
            case Close():
                register.close(command.cause)
            case Tick():
                pass
            case _:
                self._administer(command)

    def _administer(self, command: Administration) -> None:
        match command:
            case Override():
                holding.override(self._register, command)
            case Reclassify():
                asking.reclassify(self._register, command)
            case SetDraining():
                by = command.authority
                event = DrainSet(command.is_draining, by.operator, by.reason)
                self._register.record(event)
