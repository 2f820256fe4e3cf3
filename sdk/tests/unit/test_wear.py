"""When an engine has served its time."""

import pytest

from brickwork_sdk.engine.wear import NEVER_RECYCLED, WINDOW_CALLS, Recycling, Wear

MIB = 2**20


def worn_after(recycling: Recycling, sizes: list[int]) -> int | None:
    """Return after how many calls an engine is worn that takes so much after each of them."""
    wear = Wear(recycling)
    for count, size_bytes in enumerate(sizes, start=1):
        wear.note(count, size_bytes)
        if wear.is_worn:
            return count
    return None


def test_an_engine_that_nobody_limits_is_never_worn() -> None:
    assert worn_after(NEVER_RECYCLED, [at * MIB for at in range(1000)]) is None


def test_an_engine_is_worn_after_its_calls() -> None:
    assert worn_after(Recycling(after_calls=7), [MIB] * 20) == 7


def test_memory_that_grows_from_call_to_call_wears_an_engine() -> None:
    slope = Recycling(growth_bytes=50 * MIB)
    # The least of the last ten calls lies nine calls back, and the first of all is the measure.
    assert worn_after(slope, [(100 + at) * MIB for at in range(200)]) == 50 + WINDOW_CALLS


@pytest.mark.parametrize(
    "sizes",
    [
        [100] * 5 + [900] * 9 + [100] * 50,  # some large calls
        [10 * at for at in range(9)] + [300] * 50,  # caches that fill up once
        [100, 900] * 50,  # calls that end beside another
    ],
)
def test_memory_that_comes_and_goes_wears_nothing(sizes: list[int]) -> None:
    slope = Recycling(growth_bytes=350 * MIB)
    assert worn_after(slope, [size * MIB for size in sizes]) is None
