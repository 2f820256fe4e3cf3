"""Own the book on one event loop: commands in, ticks, what the probe sees, waiters woken."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

from brickwork_broker.core.activity import Activity
from brickwork_broker.core.commands import Abandon, Command, ConfirmGone, Observe, Tick
from brickwork_broker.core.events import Cancelled, Event, Granted, Renewed
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.core.token import Grant, Waiter
from brickwork_broker.node.probe import Probe
from brickwork_broker.node.shared_look import SharedLook
from brickwork_broker.storage.book import Book
from brickwork_sdk.errors import NoCapacity, Reason

PERIOD_SECONDS = 0.5
"""How often time passes and processes are looked at: a death frees its bytes within two."""

Note = Callable[[Command, Sequence[Event], int], None]
"""Is told of each command, what it brought about, and when."""
Look = Callable[[Sequence[Grant], Sight], None]


class Runtime:
    """Carry out commands one after the other, on the loop that made it.

    `apply` never awaits, so two commands cannot meet. Probes run on a thread and come back as
    commands.

    Args:
        book: the ledger and its journal.
        probe: sees the device and its processes.
        now_ms: a clock that never goes back.
        notes: who is told of everything, in this order.
        looked: is shown what is charged and what the probe saw, after each look at everything.

    Attributes:
        applied_ms: time of the latest command, for other threads: the clock is this one's alone.
        sight: what the probe saw last of all processes; None before its first look.
    """

    def __init__(
        self,
        book: Book,
        probe: Probe,
        now_ms: Callable[[], int],
        notes: Sequence[Note] = (),
        looked: Look = lambda _grants, _sight: None,
    ) -> None:
        self.ledger = book.ledger
        self.now_ms = now_ms
        self.sight: Sight | None = None
        self._book = book
        self._probe = probe
        self._shared_look = SharedLook(probe)
        self._notes = notes
        self._looked = looked
        self._activity = Activity()
        self.applied_ms = now_ms()
        self._failure: OSError | None = None
        self._failed = asyncio.Event()
        self._polls: dict[str, list[asyncio.Event]] = {}
        self._changes = asyncio.Condition()
        self._change_count = 0

    def apply(self, command: Command) -> tuple[Event, ...]:
        """Carry out one command.

        Raises:
            NoCapacity: STORAGE_FULL, the journal cannot be written; the broker stops.
        """
        if self._failure is None:
            try:
                self.applied_ms = self.now_ms()
                events = self._book.apply(command, self.applied_ms)
            except OSError as failure:
                self._failure = failure
                self._failed.set()
            else:
                for note in self._notes:
                    note(command, events, self.applied_ms)
                self._wake(events)
                return events
        raise NoCapacity(
            Reason.STORAGE_FULL, f"The journal of the broker cannot be written: {self._failure}."
        ) from self._failure

    async def wait_for_grant(self, token_id: str, wait_seconds: float) -> None:
        """Return when a token no longer waits, or when the time is up.

        A caller that leaves gives its place up, unless another call listens for the same token.
        """
        if not isinstance(self.ledger.find(token_id), Waiter):
            return
        changed = asyncio.Event()
        polls = self._polls.setdefault(token_id, [])
        polls.append(changed)
        try:
            async with asyncio.timeout(wait_seconds):
                await changed.wait()
        except TimeoutError:
            return
        except asyncio.CancelledError:
            if len(polls) == 1:
                self.apply(Abandon(token_id))
            raise
        finally:
            polls.remove(changed)
            if not polls:
                self._polls.pop(token_id, None)

    async def wait_for_change(self, seen: int, wait_seconds: float) -> int:
        """Return the number of changes so far, once it is not what was seen, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds), self._changes:
                await self._changes.wait_for(lambda: self._change_count != seen)
        return self._change_count

    async def look_at(self, processes: Collection[Process]) -> Sight:
        """Look at processes, and tell the ledger of those that are gone."""
        sight = await self._shared_look.look(processes)
        self._confirm(sight.gone.intersection(processes))
        return sight

    async def run(self) -> None:
        """Let time pass and look at every process, until the journal fails.

        Raises:
            NoCapacity: STORAGE_FULL.
        """
        while True:
            self.apply(Tick())
            await self.look_around()
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_SECONDS):
                    await self._failed.wait()

    async def look_around(self) -> None:
        """Look at everything once, and tell the ledger and those who watch."""
        looked_at_ms = self.now_ms()
        # Not shared: a caller that waits for one process would wait for thousands.
        self.sight = await asyncio.to_thread(self._probe.look, self.ledger.processes())
        self._confirm(self.sight.gone)
        self.apply(self._observed(self.sight, looked_at_ms))
        self._looked(self.ledger.grants(), self.sight)
        async with self._changes:
            self._changes.notify_all()

    def _confirm(self, gone: Iterable[Process]) -> None:
        for process in gone:
            self.apply(ConfirmGone(process))

    def _observed(self, sight: Sight, looked_at_ms: int) -> Observe:
        idle_ms = self._activity.idle_ms(sight, looked_at_ms)
        return Observe(looked_at_ms, sight.total_bytes, sight.used_bytes, sight.readings, idle_ms)

    def _wake(self, events: Iterable[Event]) -> None:
        for event in events:
            if not isinstance(event, Renewed):
                self._change_count += 1
            if isinstance(event, Granted):
                token_id = event.request.token_id
            elif isinstance(event, Cancelled):
                token_id = event.token_id
            else:
                continue
            for changed in self._polls.get(token_id, ()):
                changed.set()
