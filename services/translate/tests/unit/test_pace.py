import pytest

from brickwork_translate.pace import FIRST_COUNT, Pace


def settled(seconds_a_sentence: float, offered: int = 100) -> int:
    """Return what a pace comes to where every sentence takes so long."""
    pace = Pace()
    for _ in range(20):
        count = min(pace.count, offered)
        pace.note(count, count * seconds_a_sentence)
    return pace.count


@pytest.mark.parametrize(
    ("seconds_a_sentence", "most"), [(10.0, 4), (0.2, 4), (0.05, 10), (0.01, 50)]
)
def test_a_batch_takes_as_many_as_end_in_time(seconds_a_sentence: float, most: int) -> None:
    count = settled(seconds_a_sentence)
    assert most / 4 < count <= most


def test_a_small_batch_says_nothing_of_a_large_one() -> None:
    assert settled(0.001, offered=2) == FIRST_COUNT


def test_one_slow_batch_is_made_up_for() -> None:
    pace = Pace()
    pace.note(FIRST_COUNT, 0.1)
    pace.note(2 * FIRST_COUNT, 3.0)
    assert pace.count == FIRST_COUNT
    pace.note(FIRST_COUNT, 0.1)
    assert pace.count == 2 * FIRST_COUNT
