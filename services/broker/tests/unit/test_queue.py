from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brickwork_broker.core.request import WorkClass
from brickwork_broker.core.shares import TENANTS_MAX, Shares
from brickwork_broker.core.token import Waiter
from brickwork_broker.core.waiting import FAIR_MS_MAX, Queue
from services.broker.tests.unit.examples import REQUEST


def waiter(
    order: int,
    work_class: WorkClass = WorkClass.BATCH,
    asked_at_ms: int = 0,
    tenant: str = "",
    guaranteed_bytes: int = 10,
) -> Waiter:
    request = replace(
        REQUEST,
        token_id=f"token-{order:03}",
        tenant=tenant,
        guaranteed_bytes=guaranteed_bytes,
        ceiling_bytes=guaranteed_bytes,
    )
    return Waiter(request, work_class, asked_at_ms, order, asked_at_ms)


def queue_of(*waiters: Waiter, shares: Shares | None = None) -> Queue:
    queue = Queue(shares or Shares())
    for one in waiters:
        queue.put(one)
    return queue


def test_the_more_urgent_class_goes_first() -> None:
    waiters = [waiter(order, work_class) for order, work_class in enumerate(WorkClass)]
    assert queue_of(*reversed(waiters)).in_turn(0) == waiters


def test_inside_a_class_the_first_to_ask_goes_first() -> None:
    first, second, third = waiter(0), waiter(1), waiter(2, asked_at_ms=1)
    assert queue_of(third, second, first).in_turn(1) == [first, second, third]


def test_a_batch_job_is_overtaken_for_a_minute_and_no_longer() -> None:
    batch = waiter(0)
    soon = waiter(1, WorkClass.INTERACTIVE, asked_at_ms=59_999)
    late = waiter(2, WorkClass.INTERACTIVE, asked_at_ms=60_001)
    assert queue_of(late, batch, soon).in_turn(60_001) == [soon, batch, late]


def test_inside_a_class_the_tenant_that_has_had_less_goes_first() -> None:
    shares = Shares()
    shares.charge("greedy", 100, 0)
    greedy, modest = waiter(0, tenant="greedy"), waiter(1, tenant="modest")
    queue = queue_of(greedy, modest, shares=shares)
    assert queue.in_turn(1_000) == [modest, greedy]
    assert queue.head(1_000) == modest
    assert queue.head(FAIR_MS_MAX) == greedy


def test_a_class_that_has_waited_longer_goes_before_a_fair_late_comer_of_another() -> None:
    shares = Shares()
    shares.charge("greedy", 100, 0)
    old = waiter(0, tenant="greedy")
    call = waiter(1, WorkClass.INTERACTIVE, asked_at_ms=61_000)
    late = waiter(2, asked_at_ms=62_000, tenant="modest")
    queue = queue_of(old, call, late, shares=shares)
    assert queue.in_turn(62_000) == [old, call, late]
    assert queue.head(62_000) == old


def test_tenants_that_have_nothing_are_forgotten_when_there_are_too_many() -> None:
    shares = Shares()
    shares.charge("busy", 100, 0)
    for number in range(TENANTS_MAX + 1):
        shares.charge(f"tenant-{number}", 1, number)
        shares.charge(f"tenant-{number}", -1, number + 1)
    assert shares.attained("tenant-0", 10_000) == 0
    assert shares.attained(f"tenant-{TENANTS_MAX}", 10_000) > 0
    assert shares.attained("busy", 10_000) > 0


def test_what_a_tenant_had_is_forgiven_by_halves() -> None:
    shares = Shares()
    shares.charge("one", 100, 0)
    shares.charge("one", -100, 60_000)
    had = shares.attained("one", 60_000)
    assert 0.95 * 6_000_000 < had < 6_000_000
    assert shares.attained("one", 660_000) == pytest.approx(had / 2)
    assert shares.attained("nobody", 0) == 0


waiters_of = st.lists(
    st.tuples(
        st.sampled_from(WorkClass),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 1_000),
        st.integers(1, 100),
        st.booleans(),
    ),
    max_size=12,
)


@given(waiters_of)
def test_the_head_is_the_first_in_turn_and_the_sums_are_those_of_the_rows(
    made: list[tuple[WorkClass, str, int, int, bool]],
) -> None:
    shares, now_ms = Shares(), 0
    shares.charge("a", 5, 0)
    queue = Queue(shares)
    for order, (work_class, tenant, later_ms, size_bytes, is_removed) in enumerate(made):
        now_ms += later_ms
        queue.put(waiter(order, work_class, now_ms, tenant, size_bytes))
        if is_removed:
            queue.remove(f"token-{order // 2:03}")
    within = [one for one in queue.in_turn(now_ms, 50) if one.request.guaranteed_bytes <= 50]
    assert queue.in_turn(now_ms, 50)[: len(within)] == within
    assert queue.head(now_ms, 50) == (within[0] if within else None)
    ordered = queue.in_turn(now_ms)
    assert len(ordered) == len(queue) == queue.count_of(REQUEST.process)
    assert queue.guaranteed_bytes == sum(one.request.guaranteed_bytes for one in ordered)
    for number, one in enumerate(ordered):
        assert queue.head(now_ms) == ordered[number]
        queue.remove(one.request.token_id)
    assert queue.head(now_ms) is None


def test_who_needs_more_than_can_be_had_is_passed_over_and_gives_its_class_no_turn() -> None:
    shares = Shares()
    shares.charge("greedy", 100, 0)
    large = waiter(0, WorkClass.NOTEBOOK, tenant="greedy", guaranteed_bytes=60)
    notebook = waiter(1, WorkClass.NOTEBOOK, asked_at_ms=50_000, tenant="modest")
    batch = waiter(2, asked_at_ms=280_000)
    queue = queue_of(large, notebook, batch, shares=shares)
    assert queue.in_turn(290_000) == [notebook, large, batch]
    assert queue.in_turn(290_000, 59) == [batch, notebook, large]
    assert queue.head(290_000, 59) == batch
    assert queue.head(290_000, 60) == notebook


def test_a_request_that_changes_its_class_keeps_its_place_by_age() -> None:
    old, young = waiter(0, WorkClass.NOTEBOOK), waiter(1)
    queue = queue_of(old, young)
    queue.put(replace(old, work_class=WorkClass.BATCH))
    assert queue.in_turn(0) == [replace(old, work_class=WorkClass.BATCH), young]
