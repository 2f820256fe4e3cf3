"""Say in one sentence why a request waits."""

from dataclasses import dataclass

from brickwork_broker.amount import in_words
from brickwork_broker.ledger import Ledger
from brickwork_broker.messages import TokenState
from brickwork_broker.token import Grant

HOLDERS_NAMED_MAX = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Hold a place in the queue: 1 is next; the cause is for people."""

    position: int
    cause: str


def explain(ledger: Ledger, token_id: str) -> Place | None:
    """Return the place of a request and its cause, or None if it does not wait."""
    waiters = ledger.waiters()
    for position, waiter in enumerate(waiters, start=1):
        if waiter.request.token_id == token_id:
            return Place(position, _cause(ledger, waiter.request.guaranteed_bytes, position))
    return None


def _cause(ledger: Ledger, needed_bytes: int, position: int) -> str:
    if ledger.is_recovering:
        return "Waiting for holders to report back after a restart of the broker, at most 30 s."
    lacking_bytes = needed_bytes - ledger.free_bytes
    grants = sorted(ledger.grants(), key=lambda grant: -grant.granted_bytes)
    before = f"{position - 1} before it in the queue"
    if lacking_bytes <= 0:
        return f"Waiting for its turn, {before}."
    cause = f"Waiting for {in_words(lacking_bytes)} held by {_names(grants)}"
    return f"{cause}." if position == 1 else f"{cause}; {before}."


def _names(grants: list[Grant]) -> str:
    names = [_name(grant) for grant in grants[:HOLDERS_NAMED_MAX]]
    others = len(grants) - len(names)
    return ", ".join(names) + (f" and {others} more" if others else "")


def _name(grant: Grant) -> str:
    name = f"{grant.request.holder} {grant.request.purpose}"
    return f"{name} (ending)" if grant.state is TokenState.QUARANTINED else name
