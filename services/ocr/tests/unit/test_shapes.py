"""However many sizes of pictures and lines there are, the networks see a few."""

from itertools import pairwise

import numpy as np
import pytest

from brickwork_ocr.cuts import by_width
from brickwork_ocr.shapes import (
    BATCHES,
    LINE_WIDTHS_PX,
    SIDES_PX,
    fitted,
    line_batch,
    line_width_px,
    padded,
)

SIZES = np.random.default_rng(1).integers(1, 900, (40, 2))


def test_pictures_of_any_size_have_a_side_of_a_few_lengths() -> None:
    seen = set()
    for height, width in (*SIZES.tolist(), (1, 1), (20, 3000), (3000, 20), (2339, 1654)):
        small, scale = fitted(np.zeros((height, width, 3), np.uint8), 1600)
        assert max(small.shape) <= 1600
        assert small.shape[0] == max(1, round(height * scale))
        seen.add(padded(small).shape)
    assert {side for shape in seen for side in shape[:2]} <= set(SIDES_PX)
    assert len(seen) <= len(SIDES_PX) ** 2


def test_a_frame_of_720_lines_is_not_scaled() -> None:
    small, scale = fitted(np.zeros((720, 1280, 3), np.uint8), 1280)
    assert (scale, padded(small).shape) == (1.0, (736, 1280, 3))


def test_a_picture_is_padded_right_and_below_with_its_ground() -> None:
    picture = np.full((700, 900, 3), (10, 20, 30), np.uint8)
    picture[:40, :40] = 255
    wide = padded(picture)
    assert wide.shape == (736, 960, 3)
    assert wide[-1, -1].tolist() == [10, 20, 30]
    assert (wide[:700, :900] == picture).all()


def test_lines_of_any_shape_come_in_a_few_widths() -> None:
    assert len(LINE_WIDTHS_PX) == 15
    found = {line_width_px(np.zeros((h, w, 3), np.uint8)) for h, w in SIZES.tolist()}
    assert found <= set(LINE_WIDTHS_PX)
    for before, after in pairwise(LINE_WIDTHS_PX):
        assert after % 32 == 0
        assert after <= 1.31 * before, "more would be padded"


@pytest.mark.parametrize("count", BATCHES)
def test_lines_are_put_together_with_grey_after_them(count: int) -> None:
    crops = [np.full((24, 100 + 10 * at, 3), 255, np.uint8) for at in range(count)]
    batch = line_batch(crops, 320)
    assert batch.shape == (count, 3, 48, 320)
    assert batch.dtype == np.float32
    for at in range(count):
        width_px = 2 * (100 + 10 * at)
        assert (batch[at, :, :, :width_px] == 1).all()
        assert (batch[at, :, :, width_px:] == 0).all()


def test_a_line_that_is_wider_than_all_is_squeezed() -> None:
    endless = np.zeros((2, 1600, 3), np.uint8)
    assert line_batch([endless], line_width_px(endless)).shape[3] == LINE_WIDTHS_PX[-1]


def test_equal_widths_come_together_narrow_ones_first() -> None:
    assert by_width([640, 320, 640, 320, 5952]) == [[1, 3], [0, 2], [4]]
