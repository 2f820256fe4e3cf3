"""The order in which a person reads the lines of a page."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.engine import Line

PLACES = 64
"""Where a gutter between two columns is looked for, at so many places across."""
GUTTER_HEIGHTS = 0.5
"""A gutter is so many heights of a line wide on either side of its place."""
CROSSING_SHARE_MAX = 0.25
"""Titles and pictures with a caption cross a gutter; where more does, there is none."""
COLUMN_LINES_MIN = 3
PROSE_HEIGHTS_MIN = 8.0
"""A line of prose in a column is so many times wider than high, which is 16 letters; what stands in
the cells of a table seldom is, and tables are read across."""

Row = list[Line]


def in_reading_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Sort lines as they are read: columns of prose one after the other, all else row by row."""
    return tuple(line for block in blocks(tuple(lines)) for row in block for line in row)


def blocks(lines: Sequence[Line]) -> Iterator[list[Row]]:
    """Part a page into columns and what crosses them, each as rows from top to bottom.

    A gutter is where next to no line crosses and prose stands on both sides. Lines that cross it
    part the page into bands, and within a band the left side is read before the right one.
    """
    gutter_px = _gutter(lines)
    if gutter_px is None:
        if lines:
            yield rows(lines)
        return
    band: list[Line] = []
    for line in sorted(lines, key=_middle_px):
        if line.box.left_px < gutter_px < line.box.right_px:
            yield from _sides(band, gutter_px)
            yield [[line]]
            band = []
        else:
            band.append(line)
    yield from _sides(band, gutter_px)


def rows(lines: Iterable[Line]) -> list[Row]:
    """Part lines into rows from top to bottom, each from left to right.

    Two lines share a row when the middle of the lower one lies within the height of the
    first line of that row.
    """
    found: list[Row] = []
    for line in sorted(lines, key=lambda line: (line.box.top_px, line.box.left_px)):
        if found and _middle_px(line) <= found[-1][0].box.bottom_px:
            found[-1].append(line)
        else:
            found.append([line])
    return [sorted(row, key=lambda line: line.box.left_px) for row in found]


def text_of(lines: Iterable[Line]) -> str:
    """Join the lines by line breaks."""
    return "\n".join(line.text for line in lines)


def _sides(band: Sequence[Line], gutter_px: float) -> Iterator[list[Row]]:
    yield from blocks([line for line in band if line.box.right_px <= gutter_px])
    yield from blocks([line for line in band if line.box.right_px > gutter_px])


def _gutter(lines: Sequence[Line]) -> float | None:
    """Find where the page falls into two columns of prose; None where it does not."""
    if len(lines) < 2 * COLUMN_LINES_MIN:
        return None
    spans = np.array([(line.box.left_px, line.box.right_px) for line in lines], dtype=np.float64)
    heights = np.array([line.box.bottom_px - line.box.top_px for line in lines], dtype=np.float64)
    margin_px = GUTTER_HEIGHTS * float(np.median(heights))
    places = np.linspace(spans[:, 0].min(), spans[:, 1].max(), PLACES + 2)[1:-1]
    # Touched by all that comes nearer than the margin.
    crossing = (spans[:, :1] < places + margin_px) & (spans[:, 1:] > places - margin_px)
    counts = np.count_nonzero(crossing, axis=0)
    for place in np.argsort(counts, kind="stable"):
        if counts[place] > CROSSING_SHARE_MAX * len(lines):
            return None
        is_free = ~crossing[:, place]
        left, right = spans[:, 1] <= places[place], spans[:, 0] >= places[place]
        ratios = (spans[:, 1] - spans[:, 0]) / np.maximum(heights, 1)
        if all(_is_prose(ratios[is_free & side]) for side in (left, right)):
            return _centred(spans, crossing[:, place], float(places[place]))
    return None


def _is_prose(ratios: NDArray[np.float64]) -> bool:
    return len(ratios) >= COLUMN_LINES_MIN and median(ratios.tolist()) >= PROSE_HEIGHTS_MIN


def _centred(spans: NDArray[np.float64], crosses: NDArray[np.bool_], place: float) -> float:
    """Move a place to the middle of its gutter, so that no line that ends near it crosses it."""
    free = spans[~crosses]
    left, right = free[free[:, 1] <= place, 1].max(), free[free[:, 0] >= place, 0].min()
    return float(left + right) / 2


def _middle_px(line: Line) -> float:
    return (line.box.top_px + line.box.bottom_px) / 2
