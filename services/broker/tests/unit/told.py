"""A ledger together with what its audit log would say, and the check of that."""

from collections.abc import Iterable

from brickwork_broker.audit.history import Breach, History
from brickwork_broker.audit.transitions import Transitions
from brickwork_broker.core.commands import Command
from brickwork_broker.core.events import Event
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_sdk.audit import Entry


class Told:
    """Carry out commands and keep what is to be recorded of them."""

    def __init__(self, capacity_bytes: int = 100) -> None:
        self.limits = Limits(capacity_bytes, queue_max=8)
        self.ledger = Ledger(self.limits)
        self.transitions = Transitions(())
        self.entries: list[Entry] = [self.standing("broker_started")]

    def tell(self, command: Command, now_ms: int = 0) -> tuple[Event, ...]:
        """Carry out one command."""
        events = self.ledger.apply(command, now_ms)
        self.entries += self.transitions.entries(command, events)
        return events

    def restart(self, now_ms: int) -> None:
        """Begin another life from the history of this one."""
        self.ledger = Ledger(self.limits, list(self.ledger.history()), now_ms)
        self.transitions = Transitions(self.ledger.grants())
        self.entries.append(self.standing("broker_started"))

    def standing(self, what: str) -> Entry:
        """Return the entry that says how everything stands."""
        fields = {
            "capacity_bytes": self.limits.capacity_bytes,
            "tokens": self.transitions.standings(),
        }
        return Entry("broker", what, "", fields)


def breaches_of(entries: Iterable[Entry]) -> list[Breach]:
    """Return every promise that a log of these entries breaks."""
    history = History()
    return [
        breach for number, entry in enumerate(entries, 1) for breach in history.read(number, entry)
    ]
