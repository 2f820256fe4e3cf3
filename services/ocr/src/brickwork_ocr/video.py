"""How the text of a video is read, whatever reads a single frame."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.change import ChangeWatch, thumbnail
from brickwork_ocr.engine import Line, Progress, VideoEnd, VideoEvent, VideoRequest
from brickwork_ocr.spans import Spans
from brickwork_sdk.media.frames import Frame

PROGRESS_EVERY_MS = 2_000
"""Media between two progress events, hence the longest stretch that cannot be cancelled."""


def read_video_frames(
    request: VideoRequest,
    frames: Iterable[Frame],
    read: Callable[[NDArray[np.uint8]], tuple[Line, ...]],
    duration_ms: int,
) -> Iterator[VideoEvent]:
    """Read the texts of a video, each picture once, and merge what stays the same.

    Args:
        request: what was asked; `frames` are sampled as it says.
        frames: samples in order of time; only one is held at a time.
        read: gives the lines of a picture, uint8 [height, width, 3] RGB, in reading order.
        duration_ms: length of the video, where its last text ends.

    Yields:
        Texts in order of start, progress between them, and one end.
    """
    watch, spans = ChangeWatch(), Spans()
    frame: Frame | None = None
    frame_count = read_count = 0
    told_ms = request.start_ms
    for frame in _with_rests(frames, request.sample_every_ms):
        frame_count += 1
        change = watch.look(frame.time_ms, thumbnail(frame.pixels))
        if change is not None:
            read_count += 1
            yield from spans.show(change.left_ms, change.start_ms, read(frame.pixels))
        if change is not None or frame.time_ms - told_ms >= PROGRESS_EVERY_MS:
            told_ms = frame.time_ms
            yield Progress(told_ms, duration_ms)
    change = watch.end()
    if frame is not None and change is not None:
        read_count += 1
        yield from spans.show(change.left_ms, change.start_ms, read(frame.pixels))
    yield from spans.end(duration_ms)
    yield VideoEnd(duration_ms, frame_count, read_count)


def _with_rests(frames: Iterable[Frame], every_ms: int) -> Iterator[Frame]:
    """Show a frame that stands for longer than a sample a second time.

    What records a screen often writes a new frame only when something moves, so the picture
    that rests longest comes as a single frame.
    """
    frame: Frame | None = None
    for following in frames:
        if frame is not None and following.time_ms - frame.time_ms >= 2 * every_ms:
            yield Frame(frame.time_ms + every_ms, frame.pixels)
        frame = following
        yield frame
