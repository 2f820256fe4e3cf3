"""Batches of clips: all of them, in order, the first without a wait."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from brickwork_asr.batches import CLIPS_MAX, in_batches
from brickwork_asr.clips import Clip


def clip(start_ms: int) -> Clip:
    return Clip(start_ms, np.zeros(16, np.float32), ((0, 16),), start_ms + 1)


def at_most() -> int:
    return CLIPS_MAX


@pytest.mark.parametrize("count", [0, 1, 2, CLIPS_MAX + 1, CLIPS_MAX + 2, 3 * CLIPS_MAX])
def test_all_clips_come_once_and_in_order_and_the_first_comes_alone(count: int) -> None:
    batches = list(in_batches((clip(number) for number in range(count)), 1, at_most))
    assert [each.start_ms for batch in batches for each in batch] == list(range(count))
    assert [len(batch) for batch in batches[:1]] == [1][:count]
    assert all(len(batch) == CLIPS_MAX for batch in batches[1:-1])


def test_no_clip_is_cut_before_its_batch_is_asked_for() -> None:
    cut: list[int] = []

    def cutting() -> Iterator[Clip]:
        for number in range(100):
            cut.append(number)
            yield clip(number)

    list(islice(in_batches(cutting(), 1, at_most), 2))
    assert len(cut) == 1 + CLIPS_MAX


def test_batches_become_smaller_and_larger_with_what_is_allowed() -> None:
    allowed = iter([4, 1, 2, 4])
    batches = in_batches((clip(number) for number in range(8)), 2, lambda: next(allowed))
    assert [len(batch) for batch in islice(batches, 4)] == [2, 1, 2, 3]
