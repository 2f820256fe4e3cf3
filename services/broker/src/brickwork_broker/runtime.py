"""Own the book on one event loop: commands in, ticks, deaths seen, waiters woken."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from brickwork_broker.book import Book
from brickwork_broker.lease_meter import LeaseMeter
from brickwork_broker.messages import (
    Abandon,
    Cancelled,
    Command,
    ConfirmGone,
    Event,
    Granted,
    Process,
    Tick,
)
from brickwork_broker.probe import Probe
from brickwork_broker.token import Waiter
from brickwork_sdk.errors import NoCapacity, Reason

PERIOD_SECONDS = 0.5
"""How often time passes and processes are looked at: a death frees its bytes within two."""

_log = logging.getLogger(__name__)


class Runtime:
    """Carry out commands one after the other, on the loop that made it.

    `apply` never awaits, so two commands cannot meet. Probes run on a thread and come back as
    commands.

    Args:
        book: the ledger and its journal.
        probe: sees processes.
        now_ms: a clock that never goes back.

    Attributes:
        applied_ms: time of the latest command, for other threads: the clock is this one's alone.
    """

    def __init__(self, book: Book, probe: Probe, now_ms: Callable[[], int]) -> None:
        self.ledger = book.ledger
        self.now_ms = now_ms
        self._book = book
        self._probe = probe
        self.applied_ms = now_ms()
        self._meter = LeaseMeter()
        self._failure: OSError | None = None
        self._failed = asyncio.Event()
        self._polls: dict[str, list[asyncio.Event]] = {}

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
                self._meter.note(command, events, self.applied_ms)
                self._wake(events)
                return events
        raise NoCapacity(
            Reason.STORAGE_FULL, f"The journal of the broker cannot be written: {self._failure}."
        ) from self._failure

    async def wait_for_grant(self, token_id: str, wait_seconds: float) -> None:
        """Return when a token no longer waits, or when the time is up.

        A caller that leaves gives its place up, unless another call listens for the same token.
        """
        changed = asyncio.Event()
        polls = self._polls.setdefault(token_id, [])
        polls.append(changed)
        try:
            if isinstance(self.ledger.find(token_id), Waiter):
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

    async def look_at(self, processes: Iterable[Process]) -> None:
        """Look whether processes are gone, and tell the ledger of those that are."""
        for process in await self.gone(processes):
            self.apply(ConfirmGone(process))

    async def gone(self, processes: Iterable[Process]) -> list[Process]:
        """Return those processes that are known to be gone."""
        return await asyncio.to_thread(self._gone, list(processes))

    async def run(self) -> None:
        """Let time pass and look at every process, until the journal fails.

        Raises:
            NoCapacity: STORAGE_FULL.
        """
        while True:
            self.apply(Tick())
            await self.look_at(self.ledger.processes())
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_SECONDS):
                    await self._failed.wait()

    def _gone(self, processes: list[Process]) -> list[Process]:
        gone = []
        for process in processes:
            try:
                if self._probe.is_gone(process):
                    gone.append(process)
            except Exception:
                # A probe that cannot see is silent, and silence is no evidence.
                _log.exception("probe_failed", extra={"pid": process.pid})
        return gone

    def _wake(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Granted):
                token_id = event.request.token_id
            elif isinstance(event, Cancelled):
                token_id = event.token_id
            else:
                continue
            for changed in self._polls.get(token_id, ()):
                changed.set()
