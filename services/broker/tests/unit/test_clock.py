from brickwork_broker.clock import STEP_MS_MAX, AwakeClock


def test_time_passes_as_it_does_elsewhere() -> None:
    readings = iter([1000, 1500, 1500, 2400])
    clock = AwakeClock(lambda: next(readings))
    assert [clock(), clock(), clock()] == [1500, 1500, 2400]


def test_an_absence_counts_as_one_step() -> None:
    readings = iter([1000, 61_000, 61_500])
    clock = AwakeClock(lambda: next(readings))
    assert [clock(), clock()] == [1000 + STEP_MS_MAX, 1500 + STEP_MS_MAX]
