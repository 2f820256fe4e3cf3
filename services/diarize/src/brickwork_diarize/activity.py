"""Remember in little room who talks where in each window, until the voices have names."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.windows import WINDOW_FRAMES


@dataclass(frozen=True)
class WindowActivity:
    """What was heard in one window.

    Attributes:
        voices: the number of the voice of each piece; -1 where it has none.
        frames: bool [pieces, 293], where each talks.
    """

    voices: tuple[int, ...]
    frames: NDArray[np.bool_]


class ActivityLog:
    """Keeps the pieces of all windows as runs of frames, under half a megabyte an hour."""

    def __init__(self) -> None:
        self._runs = array("h")  # First frame and end, in frames of the window.
        self._voices = array("l")  # The voice of each piece.
        self._run_counts = array("h")  # The runs of each piece.
        self._piece_counts = array("h")  # The pieces of each window.

    def add(self, window: WindowActivity) -> None:
        """Keep the next window."""
        self._piece_counts.append(len(window.voices))
        self._voices.extend(window.voices)
        for frames in window.frames:
            runs = find_runs(frames)
            self._run_counts.append(len(runs))
            self._runs.extend(edge for run in runs for edge in run)

    def __len__(self) -> int:
        """Return how many windows are kept."""
        return len(self._piece_counts)

    def __iter__(self) -> Iterator[WindowActivity]:
        """Yield the windows as they came."""
        piece = run = 0
        for count in self._piece_counts:
            frames = np.zeros((count, WINDOW_FRAMES), np.bool_)
            voices = tuple(self._voices[piece : piece + count])
            for row in frames:
                for _ in range(self._run_counts[piece]):
                    row[self._runs[run] : self._runs[run + 1]] = True
                    run += 2
                piece += 1
            yield WindowActivity(voices, frames)


def find_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and end of each run of true values in bool [n]."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
