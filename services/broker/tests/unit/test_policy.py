from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brickwork_broker import policy
from brickwork_broker.messages import WorkClass
from brickwork_broker.token import Waiter
from services.broker.tests.unit.examples import REQUEST


def waiter(
    work_class: WorkClass = WorkClass.BATCH,
    asked_at_ms: int = 0,
    order: int = 0,
    guaranteed_bytes: int = 10,
    ceiling_bytes: int = 10,
) -> Waiter:
    request = replace(
        REQUEST,
        work_class=work_class,
        guaranteed_bytes=guaranteed_bytes,
        ceiling_bytes=ceiling_bytes,
    )
    return Waiter(request, asked_at_ms, order, asked_at_ms)


def test_the_more_urgent_class_goes_first() -> None:
    waiters = [waiter(work_class, order=order) for order, work_class in enumerate(WorkClass)]
    assert policy.in_turn(reversed(waiters)) == waiters


def test_inside_a_class_the_first_to_ask_goes_first() -> None:
    first, second, third = waiter(order=0), waiter(order=1), waiter(asked_at_ms=1, order=2)
    assert policy.in_turn([third, second, first]) == [first, second, third]


def test_a_batch_job_is_overtaken_for_a_minute_and_no_longer() -> None:
    batch = waiter(WorkClass.BATCH)
    soon = waiter(WorkClass.INTERACTIVE, asked_at_ms=59_999, order=1)
    late = waiter(WorkClass.INTERACTIVE, asked_at_ms=60_000, order=2)
    assert policy.in_turn([late, batch, soon]) == [soon, batch, late]


def test_the_head_waits_until_its_guaranteed_bytes_are_free() -> None:
    head = waiter(guaranteed_bytes=10)
    assert policy.bytes_for_head([head], 9) is None
    assert policy.bytes_for_head([head], 10) == 10


def test_the_head_gets_up_to_its_ceiling_but_leaves_the_others_their_guarantee() -> None:
    head, other = waiter(guaranteed_bytes=10, ceiling_bytes=50), waiter(guaranteed_bytes=30)
    assert policy.bytes_for_head([head], 100) == 50
    assert policy.bytes_for_head([head, other], 70) == 40
    assert policy.bytes_for_head([head, other], 20) == 10


@given(
    st.integers(1, 100), st.integers(0, 100), st.lists(st.integers(1, 100)), st.integers(-50, 300)
)
def test_a_grant_lies_between_guarantee_and_ceiling_and_fits(
    guaranteed_bytes: int, more_bytes: int, others: list[int], free_bytes: int
) -> None:
    head = waiter(guaranteed_bytes=guaranteed_bytes, ceiling_bytes=guaranteed_bytes + more_bytes)
    waiters = [head, *(waiter(guaranteed_bytes=other) for other in others)]
    granted_bytes = policy.bytes_for_head(waiters, free_bytes)
    if granted_bytes is None:
        assert free_bytes < guaranteed_bytes
    else:
        assert guaranteed_bytes <= granted_bytes <= guaranteed_bytes + more_bytes
        assert granted_bytes <= free_bytes
