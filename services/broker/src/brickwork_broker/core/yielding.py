"""Decide who makes room, in which order, and how much."""

from collections.abc import Iterable
from dataclasses import dataclass

from brickwork_broker.core.events import Yield
from brickwork_broker.core.habits import Habits
from brickwork_broker.core.readings import Readings
from brickwork_broker.core.request import WorkClass
from brickwork_broker.core.token import Grant, TokenState

IDLE_MS_MIN = 1_000
"""A model that has done nothing for so long is idle; the calls of one job follow each other within
that."""
IDLE_HOLD_MS_MAX = 600_000
"""A token that is held for a time, and under which the device has done nothing for so long, counts
as if that time were over."""
GRACE_MS = {Yield.EVICT: 10_000, Yield.SHRINK: 30_000, Yield.REVOKE: 30_000}
"""How long there is to give memory back: an idle model only has to be ended; work comes to the end
of its batch, or writes a checkpoint."""

_RANK = {work_class: rank for rank, work_class in enumerate(WorkClass)}


@dataclass(frozen=True, slots=True)
class Yielding:
    """Say who makes room: how, how much it may keep, and how much that frees."""

    grant: Grant
    how: Yield
    keep_bytes: int
    yielded_bytes: int


def who_yields(
    lacking_bytes: int,
    grants: Iterable[Grant],
    work_class: WorkClass | None,
    habits: Habits,
    readings: Readings,
    now_ms: int,
) -> list[Yielding]:
    """Return who is to make room; nobody where all together could not make enough for a request.

    In this order: idle models, the cheapest to load again first; what is held beyond its time;
    what holders have beyond their guaranteed bytes; and only where that is not enough, all that
    work of a less urgent class has, the least urgent first, and of these the latest, which has the
    least to lose. What is held for a time is nobody else's until that is over. Nobody is asked who
    has been asked before. Where all of a grant goes its processes are taken to end, so that what
    they use beyond it comes back too.

    Args:
        lacking_bytes: how much room is needed.
        grants: all that is charged.
        work_class: of the work that needs it; None where the device itself does, so that nobody
            at work is asked for more than it has borrowed, and whatever there is helps.
        habits: what is known of models.
        readings: what their processes were last seen to use.
        now_ms: the time.
    """
    grants = list(grants)
    for is_harsh in (False, True):
        ways = ((grant, _way(grant, work_class, habits, now_ms, is_harsh)) for grant in grants)
        offers = [_offer(grant, how, readings) for grant, how in ways if how is not None]
        chosen: list[Yielding] = []
        found_bytes = 0
        for one in sorted(offers, key=lambda one: _harm(one, habits, now_ms)):
            if found_bytes >= lacking_bytes:
                break
            chosen.append(one)
            found_bytes += one.yielded_bytes
        if found_bytes >= lacking_bytes:
            return _needed(chosen, found_bytes - lacking_bytes)
    return chosen if work_class is None else []


def is_over(grant: Grant, now_ms: int) -> bool:
    """Tell whether a token is held beyond what was meant, or for nothing."""
    hold_until_ms = grant.hold_until_ms
    if hold_until_ms is None:
        return False
    return hold_until_ms <= now_ms or _idle_ms(grant, now_ms) >= IDLE_HOLD_MS_MAX


def _offer(grant: Grant, how: Yield, readings: Readings) -> Yielding:
    """Return what a grant frees if it makes room in one way."""
    if how is Yield.SHRINK:
        keep_bytes = grant.request.guaranteed_bytes
        return Yielding(grant, how, keep_bytes, grant.granted_bytes - keep_bytes)
    return Yielding(grant, how, 0, grant.granted_bytes + readings.overrun_of([grant]))


def _way(
    grant: Grant, work_class: WorkClass | None, habits: Habits, now_ms: int, is_harsh: bool
) -> Yield | None:
    """Return how a grant can make room for work of a class, or None."""
    request = grant.request
    if grant.state is not TokenState.GRANTED or grant.is_loading:
        return None
    surplus_bytes = grant.granted_bytes - request.guaranteed_bytes
    may_shrink = work_class is None or _RANK[grant.work_class] >= _RANK[work_class]
    can_shrink = request.shrinkable and may_shrink and surplus_bytes > 0
    is_idle_model = request.loads and _idle_ms(grant, now_ms) >= IDLE_MS_MIN
    if is_idle_model and _is_free_to_take(grant, habits, now_ms):
        return Yield.EVICT
    if is_over(grant, now_ms) and (is_harsh or not can_shrink):
        return Yield.REVOKE
    is_less_urgent = work_class is not None and _RANK[grant.work_class] > _RANK[work_class]
    is_at_will = is_harsh and is_less_urgent and request.hold_ms is None
    if is_at_will and _is_free_to_take(grant, habits, now_ms):
        return Yield.REVOKE
    return Yield.SHRINK if can_shrink else None


def _is_free_to_take(grant: Grant, habits: Habits, now_ms: int) -> bool:
    """Tell whether all of it can be given back, and it has been there for long enough."""
    age_ms = now_ms - grant.granted_at_ms
    return grant.request.revocable and age_ms >= habits.min_stay_ms(grant.request, now_ms)


def _harm(one: Yielding, habits: Habits, now_ms: int) -> tuple[int, float, int]:
    if one.how is Yield.EVICT:
        return 0, habits.cost(one.grant.request, one.yielded_bytes, now_ms), one.grant.epoch
    if is_over(one.grant, now_ms):
        return 1, 0.0, one.grant.epoch
    if one.how is Yield.SHRINK:
        return 2, -one.yielded_bytes, one.grant.epoch
    return 3, -_RANK[one.grant.work_class], -one.grant.epoch


def _needed(chosen: list[Yielding], spare_bytes: int) -> list[Yielding]:
    """Leave out those without whom there is room enough as well, the costliest first."""
    kept = []
    for one in reversed(chosen):
        if one.yielded_bytes <= spare_bytes:
            spare_bytes -= one.yielded_bytes
        else:
            kept.append(one)
    return kept[::-1]


def _idle_ms(grant: Grant, now_ms: int) -> int:
    return -1 if grant.idle_since_ms is None else now_ms - grant.idle_since_ms
