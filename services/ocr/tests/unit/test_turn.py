"""Pictures that lie on their side or lean, from there to upright and back."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from brickwork_ocr.cuts import cut, lies_sideways, samples, skew_degrees
from brickwork_ocr.engine import Box, Line, Region
from brickwork_ocr.turn import Turn

SIZE = (400, 300)
"""Width and height of an upright page."""
TOPS = (40, 90, 140, 190)


def quads(quarters: int, lean_degrees: float = 0.0) -> NDArray[np.float32]:
    """Return where four lines of 300 x 20 px are once the page is turned, as a detector tells."""
    angle = math.radians(90 * quarters + lean_degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    width, height = SIZE if quarters % 2 == 0 else SIZE[::-1]
    found = []
    for top in TOPS:
        corners = np.array([(50, top), (350, top), (350, top + 20), (50, top + 20)], np.float64)
        x, y = (corners - np.array(SIZE) / 2).T
        turned = np.stack([x * cosine - y * sine + width / 2, x * sine + y * cosine + height / 2])
        # It names the corner that is top left in the picture first, and goes on clockwise.
        first = quarters % 4
        found.append(np.roll(turned.T, first, axis=0))
    return np.array(found, dtype=np.float32)


def picture(quarters: int) -> NDArray[np.uint8]:
    """Draw the lines dark, each with a mark where its text begins."""
    pixels = np.full((*SIZE[::-1], 3), 255, dtype=np.uint8)
    for top in TOPS:
        pixels[top : top + 20, 50:350] = 100
        pixels[top : top + 10, 50:60] = 0
    return np.ascontiguousarray(np.rot90(pixels, -quarters))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_lines_are_cut_out_upright_however_the_page_lies(quarters: int) -> None:
    found = quads(quarters)
    assert lies_sideways(found) is bool(quarters % 2)
    for line in cut(picture(quarters), found, quarters):
        assert abs(line.shape[1] - 300) <= 1
        assert abs(line.shape[0] - 20) <= 1
        assert line[4, 4].max() < 30, "the text begins at the top left"
        assert line[-4:, -4:].min() > 80


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_box_goes_upright_and_back(quarters: int) -> None:
    width, height = SIZE if quarters % 2 == 0 else SIZE[::-1]
    turn = Turn(width, height, quarters)
    for quad, top in zip(quads(quarters), TOPS, strict=True):
        upright = turn.upright(quad)
        assert upright == Box(50, top, 350, top + 20)
        left, highest = np.round(quad.min(axis=0)).astype(int)
        right, lowest = np.round(quad.max(axis=0)).astype(int)
        assert turn.line(Line("a", 1.0, upright)).box == Box(left, highest, right, lowest)


def test_a_page_that_leans_is_straightened() -> None:
    found = quads(0, lean_degrees=4.0)
    skew = skew_degrees(found, 0)
    assert skew == pytest.approx(4.0, abs=0.1)
    turn = Turn(*SIZE, skew_degrees=skew)
    boxes = [turn.upright(quad) for quad in found]
    assert [box.bottom_px - box.top_px for box in boxes] == [pytest.approx(20, abs=2)] * 4
    region = Region("paragraph", Box(50, 40, 350, 60), (Line("a", 1.0, boxes[0]),))
    back = turn.region(region)
    corners = found[0]
    assert back.box.left_px <= corners[:, 0].min() + 1
    assert back.box.bottom_px >= corners[:, 1].max() - 1
    assert back.lines[0].box.top_px >= 0


@pytest.mark.parametrize("degrees", [0.0, 0.3, 30.0])
def test_next_to_nothing_and_what_is_no_scan_is_no_skew(degrees: float) -> None:
    assert skew_degrees(quads(0, degrees), 0) == 0.0


def test_skew_is_told_besides_the_quarter_turn() -> None:
    assert skew_degrees(quads(1, 3.0), 1) == pytest.approx(3.0, abs=0.1)
    assert skew_degrees(quads(3, -2.0), 3) == pytest.approx(-2.0, abs=0.1)


def test_a_page_without_lines_lies_upright() -> None:
    none = np.zeros((0, 4, 2), dtype=np.float32)
    assert (lies_sideways(none), skew_degrees(none, 0), samples(none)) == (False, 0.0, [])


def test_samples_are_long_lines_but_not_the_very_longest() -> None:
    found = np.array(
        [[(0, 0), (width, 0), (width, 10), (0, 10)] for width in (20, 900, 100, 200, 60)],
        dtype=np.float32,
    )
    assert samples(found) == [3, 2, 4]
