"""When a video shows something new: decided on small grey pictures, without a model.

Reading a frame costs about a second, and a slide stands for minutes. So each sampled frame
is shrunk to a grid of grey blocks. A few blocks that change are a pointer or a caret; many
are a new slide. It is read once two samples in a row agree, hence never in the middle of a
fade; it begins with the sample in which more of it is to be seen than of the one before. Blocks
that do not rest, such as the picture of a speaker in a corner, are left out.
"""

from collections import deque
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

WINDOW_SAMPLES = 16
"""So many samples are remembered of what moves: a speaker may hold still for half of them."""
RESTLESS_COUNT_MIN, RESTLESS_SHARE_MIN = 3, 0.4
"""A block is restless that moved in so many of them, and in this share of them."""
REACH_BLOCKS = 3
"""What moves now and then so near to a restless block belongs to it, as the edge of a swing."""

PATIENCE_SAMPLES = 4
"""A picture that differs but does not settle for this long is read all the same."""

Thumbnail = NDArray[np.float32]
Blocks = NDArray[np.bool_]


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
    # A frame smaller than the grid repeats single rows and columns.
    heights = np.maximum(np.diff(rows, append=height), 1)
    widths = np.maximum(np.diff(columns, append=width), 1)
    # Row upon row, which takes an eighth of the time that the three channels of each pixel take.
    strips = [
        pixels[top : top + tall].sum(axis=0, dtype=np.uint32)
        for top, tall in zip(rows, heights, strict=True)
    ]
    sums = np.add.reduceat(np.stack(strips).sum(axis=2), columns, axis=1)
    areas = np.outer(heights, widths) * 3
    means: Thumbnail = (sums / areas).astype(np.float32)
    return means


class ChangeWatch:
    """Follows the samples of one video and says which of them deserve to be read."""

    def __init__(self) -> None:
        self._previous: Thumbnail | None = None
        self._read: Thumbnail | None = None
        self._moves: deque[Blocks] = deque(maxlen=WINDOW_SAMPLES)
        self._since_left: list[tuple[int, Thumbnail]] = []

    def look(self, time_ms: int, picture: Thumbnail) -> Change | None:
        """Take in the next sample; a Change means that it is to be read now."""
        is_settled = self._settles(picture)
        self._previous = picture
        if not self._differs_from_read(picture):
            self._since_left = []
            return None
        self._since_left.append((time_ms, picture))
        if is_settled:
            return self._take(is_settled=True)
        return self._take(is_settled=False) if len(self._since_left) > PATIENCE_SAMPLES else None

    def end(self) -> Change | None:
        """Say whether the last sample still waits to be read, as the video is over."""
        return self._take(is_settled=False) if self._since_left else None

    def _take(self, *, is_settled: bool) -> Change:
        change = Change(left_ms=self._since_left[0][0], start_ms=self._start_ms())
        if is_settled:
            # What moved when one slide came after the other is no sign of restlessness.
            restless = self._restless()
            for moves in list(self._moves)[-len(self._since_left) :]:
                moves &= restless
        self._read, self._since_left = self._since_left[-1][1], []
        return change

    def _start_ms(self) -> int:
        """Return when more was seen of the new picture than of the one that was read before."""
        (left_ms, _), (_, new) = self._since_left[0], self._since_left[-1]
        if self._read is None:
            return left_ms
        counts = (np.abs(new - self._read) > LEVEL_MIN) & self._calm()
        for time_ms, picture in self._since_left:
            to_new, to_read = np.abs(picture - new), np.abs(picture - self._read)
            if to_new[counts].sum() <= to_read[counts].sum():
                return time_ms
        raise AssertionError("a picture is nearest to itself")

    def _settles(self, picture: Thumbnail) -> bool:
        if self._previous is None:
            return False
        moves = np.abs(picture - self._previous) > LEVEL_MIN
        self._moves.append(moves)
        return int(np.count_nonzero(moves & self._calm())) < BLOCKS_MIN

    def _differs_from_read(self, picture: Thumbnail) -> bool:
        if self._read is None:
            return True
        differs = np.abs(picture - self._read) > LEVEL_MIN
        return int(np.count_nonzero(differs & self._calm())) >= BLOCKS_MIN

    def _calm(self) -> Blocks:
        return ~self._restless()

    def _restless(self) -> Blocks:
        """Tell which blocks do not rest; none where most of the picture moves: it is the video."""
        if not self._moves:
            return np.zeros((ROWS, COLUMNS), dtype=np.bool_)
        counts = np.sum(self._moves, axis=0)
        least = max(RESTLESS_COUNT_MIN, RESTLESS_SHARE_MIN * len(self._moves))
        core = counts >= least
        if not core.any() or core.mean() > 0.5:
            return np.zeros((ROWS, COLUMNS), dtype=np.bool_)
        restless: Blocks = core | (_spread(core) & (counts > 1))
        return restless


def _spread(blocks: Blocks) -> Blocks:
    """Add to each block that is set all others within reach."""
    size = 2 * REACH_BLOCKS + 1
    padded = np.pad(blocks, REACH_BLOCKS)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    spread: Blocks = np.any(windows, axis=(2, 3))
    return spread
