"""Join the ledger and its journal: what was decided is written before it is told."""

import os
from pathlib import Path

from brickwork_broker import journal
from brickwork_broker.ledger import Ledger, Limits
from brickwork_broker.messages import Command, DurableEvent, Event


class Book:
    """Keep one ledger and its journal in step.

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

    def apply(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        """Decide, write, and only then return what happened.

        Raises:
            OSError: the decision is not on record; the ledger is ahead of its journal, so the
                broker must answer nothing more and start again.
        """
        events = self.ledger.apply(command, now_ms)
        self._journal.append([event for event in events if isinstance(event, DurableEvent)])
        return events

    def close(self) -> None:
        """Close the journal and let another broker have it."""
        self._journal.close()
        os.close(self._lock)
