"""The audit log that the broker would keep, read by the checker that reads it in production."""

from collections.abc import Iterable

from brickwork_broker.audit.history import History
from brickwork_broker.audit.transitions import Transitions
from brickwork_broker.core.commands import Command
from brickwork_broker.core.events import Event
from brickwork_broker.core.token import Grant
from brickwork_sdk.audit import Entry
from services.broker.tests.sim.story import Broken
from services.broker.tests.sim.world import CAPACITY_BYTES


class Log:
    """Turn events into records and have each of them checked."""

    def __init__(self, broken: Broken) -> None:
        self._broken = broken
        self._history = History()
        self._transitions = Transitions(())
        self._count = 0

    def forget(self) -> None:
        """Begin another log: of this one it is not known where it ends."""
        self._history = History()

    def begin_again(self, grants: Iterable[Grant]) -> None:
        """Record a start of the broker, and how everything stands."""
        self._transitions = Transitions(grants)
        tokens = self._transitions.standings()
        fields = {"capacity_bytes": CAPACITY_BYTES, "tokens": tokens}
        self._read([Entry("broker", "broker_started", "", fields)])

    def take(self, command: Command, events: Iterable[Event]) -> None:
        """Record what one command has brought about."""
        self._read(self._transitions.entries(command, events))

    def _read(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._count += 1
            for breach in self._history.read(self._count, entry):
                self._broken(breach.promise, f"by the audit log: {breach.message}")
