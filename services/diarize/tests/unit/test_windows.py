import numpy as np
import pytest

from brickwork_diarize.windows import (
    STEP_SAMPLES,
    WINDOW_SAMPLES,
    cut_into_stretches,
    frame_start_ms,
)


def counted(size: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.arange(1, size + 1, dtype=np.float32)


@pytest.mark.parametrize("size", [16_000, WINDOW_SAMPLES, WINDOW_SAMPLES + 1, 1_000_000])
@pytest.mark.parametrize("block", [7_777, 240_000])
def test_windows_cover_every_sample_whatever_the_blocks(size: int, block: int) -> None:
    sound = counted(size)
    blocks = [sound[first : first + block] for first in range(0, size, block)]
    heard = np.zeros(size + WINDOW_SAMPLES, np.bool_)
    number = 0
    for stretch in cut_into_stretches(blocks):
        assert stretch.first_window == number
        for window in stretch.windows():
            start = number * STEP_SAMPLES
            whole = np.pad(sound[start : start + WINDOW_SAMPLES], (0, WINDOW_SAMPLES))
            assert np.array_equal(window, whole[:WINDOW_SAMPLES])
            heard[start : start + WINDOW_SAMPLES] = True
            number += 1
    assert heard[:size].all()
    assert number == max(1, -(-(size - WINDOW_SAMPLES) // STEP_SAMPLES) + 1)


def test_no_sound_has_no_windows() -> None:
    assert list(cut_into_stretches([])) == []


def test_frames_begin_half_a_frame_before_their_centre() -> None:
    assert frame_start_ms(0) == 22  # (495 - 135) / 16
    assert frame_start_ms(3_200) == 54_022  # (495 - 135 + 3,200 * 270) / 16
