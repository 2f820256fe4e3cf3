"""When a video shows something new: decided on small grey pictures, without a model.

Reading a frame costs about a second, and a slide stands for minutes. So each sampled frame
is shrunk to a grid of grey blocks. A few blocks that change are a pointer or a caret; many
are a new slide. It is read once two samples in a row agree, hence never in the middle of a
fade. Blocks that never rest, such as the picture of a speaker in a corner, are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 54, 96

LEVEL_MIN = 10.0
"""Grey steps (of 255) by which a block differs: noise with a deviation of 20 per pixel moves
a block of a 720p frame by 1.5, the ink of a line of text by 40 or more."""

BLOCKS_MIN = 14
"""Blocks (of 5,184) that make a change. A pointer of 12 x 20 px in a 720p frame touches at
most six where it was and six where it is; a word of three letters touches fifteen or more."""

RESTLESS_COUNT, RESTLESS_COUNT_MAX = 3, 4
"""A block is restless after this many changes more than rests, and remembered up to the other."""

PATIENCE_SAMPLES = 4
"""A picture that differs but does not settle for this long is read all the same."""

Thumbnail = NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """A new picture: when the one before it was left, and when this one began."""

    left_ms: int
    start_ms: int


def thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """Shrink a frame to the mean brightness of its blocks.

    Args:
        pixels: uint8 [height, width, 3], RGB, any size.

    Returns:
        float32 [54, 96] in [0, 255]; the mean of the three channels.
    """
    height, width = pixels.shape[:2]
    rows = np.linspace(0, height, ROWS, endpoint=False).astype(np.intp)
    columns = np.linspace(0, width, COLUMNS, endpoint=False).astype(np.intp)
    sums = np.add.reduceat(pixels.sum(axis=2, dtype=np.uint32), rows, axis=0)
    sums = np.add.reduceat(sums, columns, axis=1)
    # An index that repeats (a frame smaller than the grid) sums a single row or column.
    heights = np.maximum(np.diff(rows, append=height), 1)
    widths = np.maximum(np.diff(columns, append=width), 1)
    areas = np.outer(heights, widths) * 3
    means: Thumbnail = (sums / areas).astype(np.float32)
    return means


class ChangeWatch:
    """Follows the samples of one video and says which of them deserve to be read."""

    def __init__(self) -> None:
        self._previous: Thumbnail | None = None
        self._read: Thumbnail | None = None
        self._restless: NDArray[np.int8] = np.zeros((ROWS, COLUMNS), dtype=np.int8)
        self._rest_start_ms = 0
        self._left_ms: int | None = None
        self._unsettled_samples = 0

    def look(self, time_ms: int, picture: Thumbnail) -> Change | None:
        """Take in the next sample; a Change means that it is to be read now."""
        is_settled = self._settles(picture)
        if not is_settled:
            self._rest_start_ms = time_ms
        self._previous = picture
        if not self._differs_from_read(picture):
            self._left_ms, self._unsettled_samples = None, 0
            return None
        if self._left_ms is None:
            self._left_ms = time_ms
        if is_settled:
            return self._take(start_ms=self._rest_start_ms)
        self._unsettled_samples += 1
        if self._unsettled_samples >= PATIENCE_SAMPLES:
            return self._take(start_ms=self._left_ms)
        return None

    def end(self) -> Change | None:
        """Say whether the last sample still waits to be read, as the video is over."""
        return None if self._left_ms is None else self._take(start_ms=self._rest_start_ms)

    def _take(self, start_ms: int) -> Change:
        assert self._left_ms is not None
        # A picture that drifts without ever moving much rests since before it was left.
        change = Change(left_ms=self._left_ms, start_ms=max(self._left_ms, start_ms))
        self._read, self._left_ms, self._unsettled_samples = self._previous, None, 0
        return change

    def _settles(self, picture: Thumbnail) -> bool:
        if self._previous is None:
            return False
        has_moved = np.abs(picture - self._previous) > LEVEL_MIN
        steps = np.where(has_moved, np.int8(1), np.int8(-1))
        self._restless = np.clip(self._restless + steps, 0, RESTLESS_COUNT_MAX)
        return int(np.count_nonzero(has_moved & self._is_calm())) < BLOCKS_MIN

    def _differs_from_read(self, picture: Thumbnail) -> bool:
        if self._read is None:
            return True
        differs = np.abs(picture - self._read) > LEVEL_MIN
        return int(np.count_nonzero(differs & self._is_calm())) >= BLOCKS_MIN

    def _is_calm(self) -> NDArray[np.bool_]:
        return self._restless < RESTLESS_COUNT
