"""Cut a recording into the overlapping windows that the segmentation network reads.

Every window begins a whole number of frames after the one before, so the frames of all windows
lie on one grid: frame `i` of window `k` is frame `30 k + i` of the recording.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Source: the network of 2021 was trained on 5 s; its convolutions and pools step 270 samples
# and its first frame is centred on sample 495, which leaves 293 frames.
WINDOW_SAMPLES = 80_000
FRAME_SAMPLES = 270
FRAME_CENTRE_SAMPLES = 495
WINDOW_FRAMES = 293
STEP_FRAMES = 30
STEP_SAMPLES = STEP_FRAMES * FRAME_SAMPLES


@dataclass(frozen=True)
class Stretch:
    """A run of samples that a whole number of windows covers.

    Attributes:
        first_window: Number of its first window in the recording, from 0.
        samples: float32 [80000 + 8100 (n - 1)], mono, 16 kHz, in [-1, 1], for n windows.
    """

    first_window: int
    samples: NDArray[np.float32]

    def windows(self) -> NDArray[np.float32]:
        """Return the windows as a view, float32 [n, 80000]."""
        views = np.lib.stride_tricks.sliding_window_view(self.samples, WINDOW_SAMPLES)
        return views[::STEP_SAMPLES]


def cut_into_stretches(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Stretch]:
    """Yield a stretch for each block that completes a window, and one for the rest.

    Args:
        blocks: float32 [n] each, mono, 16 kHz, one after the other without gaps.

    Yields:
        Stretches in order. The last window is filled up with silence, so that all samples
        are covered; no samples at all yield nothing.
    """
    pending = np.zeros(0, np.float32)
    first_window = 0
    for block in blocks:
        pending = np.concatenate([pending, block])
        count = (pending.size - WINDOW_SAMPLES) // STEP_SAMPLES + 1
        if count > 0:
            end = WINDOW_SAMPLES + STEP_SAMPLES * (count - 1)
            yield Stretch(first_window, pending[:end])
            pending = pending[STEP_SAMPLES * count :]
            first_window += count
    already_covered = WINDOW_SAMPLES - STEP_SAMPLES if first_window else 0
    if pending.size > already_covered:
        yield Stretch(first_window, np.pad(pending, (0, WINDOW_SAMPLES - pending.size)))


def frame_start_ms(frame: int) -> int:
    """Return where a frame of the recording begins, in milliseconds, from 0."""
    sample = FRAME_CENTRE_SAMPLES + FRAME_SAMPLES * frame - FRAME_SAMPLES // 2
    return round(sample / 16)
