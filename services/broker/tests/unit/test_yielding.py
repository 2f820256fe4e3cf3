from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brickwork_broker.core.commands import Observe
from brickwork_broker.core.events import Yield
from brickwork_broker.core.habits import Habits
from brickwork_broker.core.readings import Readings
from brickwork_broker.core.request import Process, WorkClass
from brickwork_broker.core.token import Grant, TokenState
from brickwork_broker.core.yielding import IDLE_HOLD_MS_MAX, Yielding, who_yields
from services.broker.tests.unit.examples import REQUEST

NOW_MS = 1_000_000


def grant(
    name: str,
    size_bytes: int = 50,
    work_class: WorkClass = WorkClass.BATCH,
    *,
    guaranteed_bytes: int = 0,
    idle_ms: int | None = None,
    hold_ms: int | None = None,
    epoch: int = 1,
    is_model: bool = True,
) -> Grant:
    request = replace(
        REQUEST,
        token_id=f"token-{name}",
        purpose=name,
        guaranteed_bytes=guaranteed_bytes or size_bytes,
        ceiling_bytes=size_bytes,
        work_class=work_class,
        revocable=True,
        shrinkable=guaranteed_bytes > 0,
        loads=is_model,
        hold_ms=hold_ms,
    )
    return Grant(
        request=request,
        state=TokenState.GRANTED,
        since_ms=0,
        granted_at_ms=0,
        granted_bytes=size_bytes,
        epoch=epoch,
        expires_at_ms=NOW_MS + 5_000,
        work_class=work_class,
        idle_since_ms=None if idle_ms is None else NOW_MS - idle_ms,
    )


def asked(
    lacking_bytes: int,
    *grants: Grant,
    work_class: WorkClass | None = WorkClass.INTERACTIVE,
    habits: Habits | None = None,
    readings: Readings | None = None,
) -> list[tuple[str, Yield]]:
    found = who_yields(
        lacking_bytes, grants, work_class, habits or Habits(), readings or Readings(), NOW_MS
    )
    return [(one.grant.request.purpose, one.how) for one in found]


def test_an_idle_model_goes_before_anybody_at_work_is_asked() -> None:
    idle, busy = grant("idle", idle_ms=1_000), grant("busy", work_class=WorkClass.BEST_EFFORT)
    assert asked(50, busy, idle) == [("idle", Yield.EVICT)]


def test_a_model_that_paused_for_less_than_a_second_is_at_work() -> None:
    assert asked(50, grant("idle", idle_ms=999), work_class=WorkClass.BATCH) == []


def test_of_two_idle_models_the_one_goes_that_is_cheaper_to_load_again() -> None:
    slow, fast = grant("slow", idle_ms=5_000), grant("fast", idle_ms=5_000)
    habits = Habits()
    habits.loaded(slow.request, 20_000)
    assert asked(50, slow, fast, habits=habits) == [("fast", Yield.EVICT)]


def test_of_two_idle_models_the_one_goes_that_is_used_less() -> None:
    loved, lonely = grant("loved", idle_ms=5_000), grant("lonely", idle_ms=5_000)
    habits = Habits()
    for _ in range(3):
        habits.used(loved.request, NOW_MS - 5_000)
    assert asked(50, loved, lonely, habits=habits) == [("lonely", Yield.EVICT)]


def test_a_model_that_comes_and_goes_without_end_stays_half_a_minute() -> None:
    model = replace(grant("model", idle_ms=5_000), granted_at_ms=NOW_MS - 10_000)
    habits = Habits()
    for number in range(4):
        assert asked(50, model, habits=habits) == [("model", Yield.EVICT)]
        habits.load_began(model.request, NOW_MS - 40_000 + number * 10_000)
    assert asked(50, model, work_class=WorkClass.BATCH, habits=habits) == []
    later = replace(model, granted_at_ms=NOW_MS - 30_000)
    assert asked(50, later, habits=habits) == [("model", Yield.EVICT)]


def test_a_lease_whose_time_is_not_over_is_nobody_elses() -> None:
    lease = grant("lease", work_class=WorkClass.NOTEBOOK, hold_ms=NOW_MS + 1, is_model=False)
    assert asked(50, lease) == []


def test_a_lease_whose_time_is_over_goes() -> None:
    lease = grant("lease", work_class=WorkClass.NOTEBOOK, hold_ms=NOW_MS, is_model=False)
    assert asked(50, lease, work_class=WorkClass.BEST_EFFORT) == [("lease", Yield.REVOKE)]


def test_a_forgotten_lease_counts_as_over() -> None:
    lease = grant("lease", hold_ms=2 * NOW_MS, idle_ms=IDLE_HOLD_MS_MAX, is_model=False)
    assert asked(50, lease) == [("lease", Yield.REVOKE)]


def test_what_is_beyond_the_guarantee_is_enough_where_it_is_enough() -> None:
    elastic = grant("elastic", 80, guaranteed_bytes=30)
    assert asked(50, elastic) == [("elastic", Yield.SHRINK)]
    assert asked(51, elastic) == [("elastic", Yield.REVOKE)]


def test_work_of_the_same_class_gives_its_surplus_and_no_more() -> None:
    elastic = grant("elastic", 80, guaranteed_bytes=30)
    assert asked(50, elastic, work_class=WorkClass.BATCH) == [("elastic", Yield.SHRINK)]
    assert asked(51, elastic, work_class=WorkClass.BATCH) == []


def test_of_those_at_work_the_least_urgent_and_latest_gives_way() -> None:
    batch = grant("batch", epoch=3)
    early = grant("early", work_class=WorkClass.BEST_EFFORT, epoch=1)
    late = grant("late", work_class=WorkClass.BEST_EFFORT, epoch=2)
    assert asked(50, batch, early, late) == [("late", Yield.REVOKE)]
    assert asked(150, batch, early, late) == [
        ("late", Yield.REVOKE),
        ("early", Yield.REVOKE),
        ("batch", Yield.REVOKE),
    ]


def test_nobody_is_asked_in_vain() -> None:
    assert asked(51, grant("idle", idle_ms=5_000)) == []


def test_what_an_engine_uses_beyond_its_token_comes_back_with_it() -> None:
    engine = Process("boot", 7, 1)
    greedy = replace(grant("greedy", 80, guaranteed_bytes=30, idle_ms=5_000), users=(engine,))
    readings = Readings()
    readings.take(Observe(NOW_MS, 1_000, 100, {engine: 100}), [greedy])
    assert asked(100, greedy, readings=readings) == [("greedy", Yield.EVICT)]
    assert asked(101, greedy, readings=readings) == []
    at_work = replace(greedy, idle_since_ms=None)
    assert asked(51, at_work, work_class=WorkClass.BATCH, readings=readings) == []


def test_a_small_one_stays_where_a_large_one_has_to_go_anyway() -> None:
    small, large = grant("small", 10, idle_ms=5_000), grant("large", 100)
    assert asked(90, small, large) == [("large", Yield.REVOKE)]


def test_for_the_device_itself_nobody_at_work_gives_more_than_it_has_borrowed() -> None:
    elastic, fixed = grant("elastic", 80, guaranteed_bytes=30), grant("fixed")
    assert asked(50, elastic, fixed, work_class=None) == [("elastic", Yield.SHRINK)]
    assert asked(90, elastic, fixed, work_class=None) == [("elastic", Yield.SHRINK)]


grants_of = st.lists(
    st.tuples(
        st.integers(1, 100),
        st.sampled_from(WorkClass),
        st.one_of(st.none(), st.integers(0, 5_000)),
        st.one_of(st.none(), st.integers(1, 2 * NOW_MS)),
        st.booleans(),
    ),
    max_size=8,
)


@given(st.integers(1, 300), st.one_of(st.none(), st.sampled_from(WorkClass)), grants_of)
def test_whoever_is_asked_makes_room_enough_and_none_of_them_too_many(
    lacking_bytes: int,
    work_class: WorkClass | None,
    made: list[tuple[int, WorkClass, int | None, int | None, bool]],
) -> None:
    grants = [
        grant(
            str(number),
            size_bytes,
            of_class,
            guaranteed_bytes=size_bytes // 2 if is_elastic else 0,
            idle_ms=idle_ms,
            hold_ms=hold_ms,
            epoch=number,
        )
        for number, (size_bytes, of_class, idle_ms, hold_ms, is_elastic) in enumerate(made)
    ]
    found: list[Yielding] = who_yields(
        lacking_bytes, grants, work_class, Habits(), Readings(), NOW_MS
    )
    yielded = [one.yielded_bytes for one in found]
    # A request gains nothing by less than it needs, but the device itself does.
    assert not found or sum(yielded) >= lacking_bytes or work_class is None
    assert all(sum(yielded) - one < lacking_bytes for one in yielded)
