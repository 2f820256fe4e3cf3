"""Say in one sentence why a request waits."""

from collections.abc import Iterator
from dataclasses import dataclass

from brickwork_broker.core.amount import in_words
from brickwork_broker.core.events import Yield
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.token import Grant, Waiter

HOLDERS_NAMED_MAX = 4

_HOW = {
    Yield.EVICT: "which is idle",
    Yield.SHRINK: "which takes less",
    Yield.REVOKE: "which gives way",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Hold a place in the queue: 1 is next; the cause is for people."""

    position: int
    cause: str


def explain(ledger: Ledger, token_id: str) -> Place | None:
    """Return the place of a request and its cause, or None if it does not wait."""
    waiter = ledger.find(token_id)
    if not isinstance(waiter, Waiter):
        return None
    position = ledger.waiters().index(waiter) + 1
    return Place(position, _cause(ledger, waiter, position))


def explain_all(ledger: Ledger) -> Iterator[tuple[Waiter, Place]]:
    """Yield every request that waits, in turn, with its place."""
    for position, waiter in enumerate(ledger.waiters(), start=1):
        yield waiter, Place(position, _cause(ledger, waiter, position))


def closed_because(ledger: Ledger) -> str:
    """Return why nothing is granted at all, one sentence; nothing where something may be."""
    if ledger.is_recovering:
        return "Waiting for holders to report back after a restart of the broker, at most 30 s."
    if ledger.closed_because:
        return ledger.closed_because
    if ledger.draining.is_draining:
        by = ledger.draining
        return f"{by.operator} has stopped the lending of memory: {by.reason}"
    if ledger.excess_bytes:
        return (
            f"More memory is in use than there is to lend, by {in_words(ledger.excess_bytes)}: "
            "nothing is granted until that is over."
        )
    return ""


def _cause(ledger: Ledger, waiter: Waiter, position: int) -> str:
    closed = closed_because(ledger)
    if closed:
        return closed
    needed_bytes, most_bytes = waiter.request.guaranteed_bytes, ledger.most_bytes
    if most_bytes is not None and needed_bytes > most_bytes:
        return (
            f"It needs {in_words(needed_bytes)}, and no more than {in_words(most_bytes)} can be "
            f"lent while {_in_the_way(ledger)}; others go first."
        )
    lacking_bytes = needed_bytes - ledger.free_bytes
    before = f"{position - 1} before it in the queue"
    if lacking_bytes > 0:
        cause = f"Waiting for {in_words(lacking_bytes)} {_by_whom(ledger)}"
        return f"{cause}." if position == 1 else f"{cause}; {before}."
    if position > 1:
        return f"Waiting for its turn, {before}."
    loading = ledger.loading
    if waiter.request.loads and loading is not None:
        return f"Waiting until {_name(loading)} is loaded; models load one at a time."
    return "Waiting for its turn."


def _by_whom(ledger: Ledger) -> str:
    """Name who makes room, or else who holds the memory."""
    grants = sorted(ledger.grants(), key=lambda grant: -grant.granted_bytes)
    asked = [grant for grant in grants if grant.leaving_bytes]
    if asked:
        return f"to come back from {_names(asked)}"
    held = f"held by {_names(grants)}" if grants else "that other programs use"
    storming = next((grant for grant in grants if ledger.storms(grant)), None)
    if storming is None:
        return held
    return f"{held}; {_name(storming)} was loaded again and again and stays half a minute"


def _in_the_way(ledger: Ledger) -> str:
    """Say what the broker can do nothing about."""
    stuck = [grant for grant in ledger.grants() if grant.is_stuck]
    parts = [f"the processes of {_names(stuck)} do not end"] if stuck else []
    if ledger.foreign_bytes:
        parts.append(f"other programs use {in_words(ledger.foreign_bytes)}")
    return " and ".join(parts) or "the device has no more"


def _names(grants: list[Grant]) -> str:
    names = [_name(grant) for grant in grants[:HOLDERS_NAMED_MAX]]
    others = len(grants) - len(names)
    return ", ".join(names) + (f" and {others} more" if others else "")


def _name(grant: Grant) -> str:
    name = f"{grant.request.holder} {grant.request.purpose}"
    if not grant.is_alive:
        return f"{name} ({'stuck' if grant.is_stuck else 'ending'})"
    return name if grant.demand is None else f"{name}, {_HOW[grant.demand.how]}"
