"""Decide who is next and how much it gets."""

from collections.abc import Iterable, Sequence

from brickwork_broker.messages import WorkClass
from brickwork_broker.token import Waiter

PATIENCE_MS = {
    WorkClass.INTERACTIVE: 0,
    WorkClass.BATCH: 60_000,
    WorkClass.NOTEBOOK: 300_000,
    WorkClass.BEST_EFFORT: 900_000,
}
"""How long a class lets more urgent work that came later go first.

This is the whole of ageing: the place in the queue is the time of asking plus the patience of the
class, so the order between two waiters never changes while they wait, and nobody is overtaken by
anything that was asked later than its own patience.
"""


def turn(waiter: Waiter) -> tuple[int, int]:
    """Return the sort key of a waiter: the smallest is next."""
    return waiter.asked_at_ms + PATIENCE_MS[waiter.request.work_class], waiter.order


def in_turn(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Return the waiters in the order in which they are granted."""
    return sorted(waiters, key=turn)


def bytes_for_head(waiters: Sequence[Waiter], free_bytes: int) -> int | None:
    """Return what the head is granted of the free bytes, or None if it must wait.

    Nobody behind the head is granted anything before it. The head gets up to its ceiling, but
    leaves the others their guaranteed bytes where it can.

    Args:
        waiters: in turn, at least one.
        free_bytes: what is not charged.
    """
    head = waiters[0].request
    if free_bytes < head.guaranteed_bytes:
        return None
    others_bytes = sum(other.request.guaranteed_bytes for other in waiters[1:])
    return max(head.guaranteed_bytes, min(head.ceiling_bytes, free_bytes - others_bytes))
