"""Which call an engine advances next."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest

from brickwork_sdk.engine.calls import Call, CallTable
from brickwork_sdk.engine.interim import INTERIM_SECONDS, Interim
from brickwork_sdk.engine.shared_steps import SharedSteps


@dataclass(frozen=True)
class Done(Interim):
    count: int


def steps() -> Generator[int, None, None]:
    yield from range(3)


def served(table: CallTable, turns: int, seconds: float = 1.0) -> list[int]:
    """Advance so many turns, each of which takes so long, and return whose they were."""
    numbers, now = [], 0.0

    def clock() -> float:
        nonlocal now
        now += seconds
        return now

    for _ in range(turns):
        call = table.next()
        assert call is not None
        table.advance(call, clock)
        numbers.append(call.number)
    return numbers


def test_turns_go_by_time_used_over_weight() -> None:
    table = CallTable()
    table.add(Call(1, iter(range(9)), 4.0, credit=9))
    table.add(Call(2, iter(range(9)), 1.0, credit=9))
    assert served(table, 6) == [1, 2, 1, 1, 1, 1]


def test_what_is_there_goes_out_before_anybody_works() -> None:
    table, is_ready = CallTable(), {3: False}
    table.add(Call(1, iter(range(9)), 1.0, credit=9))
    table.add(Call(2, iter(range(9)), 1.0, credit=9))
    table.add(Call(3, SharedSteps(steps(), lambda: is_ready[3]), 0.25, credit=9))
    assert served(table, 3) == [1, 2, 3]
    is_ready[3] = True
    assert served(table, 2) == [3, 3]


def test_what_is_there_waits_for_its_reader() -> None:
    table = CallTable()
    table.add(Call(1, SharedSteps(steps(), lambda: True), 1.0, credit=0))
    assert table.next() is None
    table.give_credit(1, 1)
    assert served(table, 1) == [1]


def test_shared_steps_are_closed_and_ended_as_the_steps_are() -> None:
    ended = []

    def noting() -> Generator[int, None, None]:
        try:
            yield 1
            yield 2
        finally:
            ended.append(True)

    shared: Iterator[int] = SharedSteps(noting(), lambda: False)
    assert list(shared) == [1, 2]
    left = SharedSteps(noting(), lambda: False)
    next(left)
    left.close()
    assert ended == [True, True]
    with pytest.raises(StopIteration):
        next(left)


def test_what_only_shows_that_work_goes_on_is_told_a_few_times_a_second() -> None:
    call = Call(1, iter(()), 1.0, credit=8)
    assert call.due(Done(1), 0.0) == [Done(1)]
    assert call.due(Done(2), 0.1) == call.due(Done(3), 0.2) == []
    assert call.due("result", 0.21) == [Done(3), "result"]
    assert call.due(Done(4), 0.3) == []
    assert call.due(Done(5), 0.21 + INTERIM_SECONDS) == [Done(5)]
    assert call.rest() == []


def test_the_last_that_was_held_back_comes_before_the_end() -> None:
    call = Call(1, iter(()), 1.0, credit=8)
    call.due("result", 0.0)
    assert call.due(Done(1), 0.1) == []
    assert call.rest() == [Done(1)]
    assert call.rest() == []
