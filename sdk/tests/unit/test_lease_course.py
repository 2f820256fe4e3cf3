"""What the holder of a lease is told, and when: with time that stands still."""

import pytest

from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.leases.course import KILL_LEAD_SECONDS, Course, Notice, Step
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.vram import Demand

HOUR = 3_600.0
CAUSE = "asr waits for 2.1 GB."


def steps(notices: list[Notice]) -> list[Step]:
    return [notice.step for notice in notices]


@pytest.mark.parametrize(
    ("hold_seconds", "lead_seconds"), [(HOUR, 360), (5 * 60, 60), (10, 5), (86_400, 8_640)]
)
def test_a_warning_comes_a_tenth_before_the_end_or_a_minute(
    hold_seconds: float, lead_seconds: float
) -> None:
    course = Course(0, hold_seconds)
    assert course.sleep_seconds(0) == hold_seconds - lead_seconds
    assert course.due(hold_seconds - lead_seconds - 0.1, None, False) == []
    (warning,) = course.due(hold_seconds - lead_seconds, None, False)
    assert (warning.step, warning.seconds) == (Step.WARNING, lead_seconds)


def test_a_lease_whose_time_is_over_goes_on_while_nobody_waits() -> None:
    course = Course(0, HOUR)
    assert steps(course.due(HOUR, None, False)) == [Step.WARNING, Step.OVERTIME]
    assert course.due(100 * HOUR, None, False) == []
    assert course.sleep_seconds(100 * HOUR) is None


def test_a_demand_for_some_of_it_is_told_once() -> None:
    course = Course(0, HOUR)
    demand = Demand(keep_bytes=2, cause=CAUSE, until=130.0)
    (notice,) = course.due(100.0, demand, False)
    assert notice == Notice(Step.SHRINK, CAUSE, 30.0, keep_bytes=2)
    assert course.due(101.0, demand, False) == []
    assert course.due(200.0, demand, False) == []


def test_a_demand_for_all_is_a_checkpoint_and_then_a_kill_before_the_deadline() -> None:
    course = Course(0, HOUR)
    demand = Demand(keep_bytes=0, cause=CAUSE, until=130.0)
    (notice,) = course.due(100.0, demand, False)
    assert notice == Notice(Step.CHECKPOINT, CAUSE, 30.0 - KILL_LEAD_SECONDS)
    assert course.sleep_seconds(100.0) == 30.0 - KILL_LEAD_SECONDS
    assert course.due(127.9, demand, False) == []
    assert steps(course.due(128.0, demand, False)) == [Step.KILL]
    assert course.due(129.0, demand, True) == []


def test_the_kill_leaves_most_of_a_short_grace_to_the_program() -> None:
    course = Course(0, HOUR)
    (notice,) = course.due(100.0, Demand(keep_bytes=0, cause=CAUSE, until=102.0), False)
    assert notice.seconds == 1.5


def test_a_demand_that_is_withdrawn_kills_nobody_and_a_new_one_is_told_anew() -> None:
    course = Course(0, HOUR)
    demand = Demand(keep_bytes=0, cause=CAUSE, until=130.0)
    course.due(100.0, demand, False)
    assert course.due(110.0, None, False) == []
    assert course.due(200.0, None, False) == []
    again = Demand(keep_bytes=0, cause=CAUSE, until=230.0)
    assert steps(course.due(201.0, again, False)) == [Step.CHECKPOINT]


def test_a_shrink_that_was_not_kept_becomes_a_demand_for_all() -> None:
    course = Course(0, HOUR)
    course.due(100.0, Demand(keep_bytes=2, cause=CAUSE, until=130.0), False)
    all_of_it = Demand(keep_bytes=0, cause=CAUSE, until=160.0)
    assert steps(course.due(130.0, all_of_it, False)) == [Step.CHECKPOINT]


def test_a_token_that_is_over_ends_its_program_at_once() -> None:
    course = Course(0, HOUR)
    (notice,) = course.due(100.0, None, True)
    assert (notice.step, bool(notice.cause)) == (Step.KILL, True)


def read(size: str = "8GiB", hold: str = "60m", **others: str | None) -> LeaseTerms:
    return LeaseTerms.read(
        size,
        hold,
        least=others.get("least"),
        wait=others.get("wait"),
        purpose="train",
        work_class=WorkClass.NOTEBOOK,
        tenant=others.get("tenant") or "ana",
    )


def test_terms_become_the_request_of_a_person() -> None:
    request = read(least="2GiB", wait="10m").request()
    assert (request.guaranteed_bytes, request.ceiling_bytes) == (2 * 1024**3, 8 * 1024**3)
    assert (request.hold_seconds, request.give_up_after_seconds) == (3_600, 600)
    assert request.is_shrinkable
    assert not request.loads
    fixed = read()
    assert fixed.caller == Caller(WorkClass.NOTEBOOK, "ana")
    assert (fixed.request().guaranteed_bytes, fixed.is_shrinkable) == (8 * 1024**3, False)


@pytest.mark.parametrize(
    "words",
    [
        {"size": "0"},
        {"size": "8GB"},
        {"hold": "0"},
        {"hold": "-1m"},
        {"least": "9GiB"},
        {"least": "0"},
        {"wait": "soon"},
        {"tenant": "a b"},
    ],
)
def test_nonsense_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(BrickworkError) as caught:
        read(**words)
    assert caught.value.reason is Reason.ARGUMENT_INVALID
