"""Join the ledger and its journal: what was decided is written before it is told."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from brickwork_broker.core.commands import Close, Command, Tick
from brickwork_broker.core.events import Cancelled, DurableEvent, Event
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.storage import journal

FULL = "The disk of the broker's journal is full: no memory is lent until there is room."

_log = logging.getLogger(__name__)


class Book:
    """Keep one ledger and its journal in step.

    While the disk has no room for more than what is held already, the ledger is closed: nothing
    is granted, and every end of a token is still written.

    Args:
        path: the journal's file; its folder exists.
        limits: what may be lent.
        now_ms: the clock at this start.

    Raises:
        NotPossible: BROKER_JOURNAL_UNUSABLE.
        OSError: the journal cannot be read or written.
    """

    def __init__(self, path: Path, limits: Limits, now_ms: int) -> None:
        self._lock = journal.lock(path)
        self.ledger = Ledger(limits, journal.read(path), now_ms)
        self._journal = journal.Journal(path, self.ledger.history())
        self._is_full = False

    def apply(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        """Decide, write, and only then return what happened.

        Raises:
            OSError: the decision is not on record; the ledger is ahead of its journal, so the
                broker must answer nothing more and start again.
        """
        events = (*self._mind_the_disk(command, now_ms), *self.ledger.apply(command, now_ms))
        self._journal.append(self._kept(events))
        if self._journal.is_long:
            self._journal.compact(self.ledger.history())
        return events

    def close(self) -> None:
        """Close the journal and let another broker have it."""
        self._journal.close()
        os.close(self._lock)

    def _mind_the_disk(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        """Close the ledger before a command could grant more than can be written; or open it."""
        if self._is_full and not isinstance(command, Tick):
            return ()  # The disk is asked again twice a second, not by every call that is refused.
        is_full = not self._journal.has_reserve()
        if is_full == self._is_full:
            return ()
        self._is_full = is_full
        _log.log(
            logging.WARNING if is_full else logging.INFO,
            "journal_disk_full" if is_full else "journal_disk_has_room",
        )
        if not is_full:  # what was kept off the full disk is written now
            self._journal.compact(self.ledger.history())
        return self.ledger.apply(Close(FULL if is_full else ""), now_ms)

    def _kept(self, events: Iterable[Event]) -> list[DurableEvent]:
        """Return what the journal keeps of events.

        On a full disk it keeps nothing of requests that were never granted: callers that are
        refused over and over would eat the room that the ends of tokens need.
        """
        durable = [event for event in events if isinstance(event, DurableEvent)]
        if self._is_full:
            return [event for event in durable if not isinstance(event, Cancelled)]
        return durable
