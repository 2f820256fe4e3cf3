from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.engine import Box, Line, Progress, TimedText, VideoEnd, VideoEvent, VideoRequest
from brickwork_ocr.video import read_video_frames
from brickwork_sdk.media.frames import Frame


def frame(time_ms: int, level: int) -> Frame:
    return Frame(time_ms, np.full((72, 128, 3), level, dtype=np.uint8))


def read_level(pixels: NDArray[np.uint8]) -> tuple[Line, ...]:
    """Read an even grey picture as its level, and black as nothing."""
    level = int(pixels[0, 0, 0])
    return (Line(str(level), 1.0, Box(0, 0, 128, 72)),) if level else ()


def read(levels: list[int], start_ms: int = 0) -> list[VideoEvent]:
    frames = [frame(start_ms + 1000 * second, level) for second, level in enumerate(levels)]
    request = VideoRequest(Path("unused.mp4"), start_ms=start_ms)
    end_ms = start_ms + 1000 * len(levels)
    return list(read_video_frames(request, frames, read_level, end_ms))


def test_texts_come_in_order_and_fill_the_video() -> None:
    events = read([80] * 3 + [0] * 3 + [160] * 3)
    texts = [(e.start_ms, e.end_ms, e.text) for e in events if isinstance(e, TimedText)]
    assert texts == [(0, 3000, "80"), (6000, 9000, "160")]
    assert events[-1] == VideoEnd(duration_ms=9000, frame_count=9, read_count=3)


def test_text_is_told_as_soon_as_it_is_over() -> None:
    events = read([80] * 3 + [160] * 20)
    told = next(at for at, event in enumerate(events) if isinstance(event, TimedText))
    assert events[told + 1] == Progress(done_ms=4000, total_ms=23_000)


def test_progress_never_pauses_for_more_than_two_seconds_of_video() -> None:
    done = [event.done_ms for event in read([80] * 11) if isinstance(event, Progress)]
    assert done == [1000, 3000, 5000, 7000, 9000]


def test_reading_from_the_middle_tells_times_of_the_whole_video() -> None:
    events = read([80] * 4, start_ms=60_000)
    assert [e.start_ms for e in events if isinstance(e, TimedText)] == [60_000]


def test_video_of_a_single_frame_is_read() -> None:
    assert [e.text for e in read([80]) if isinstance(e, TimedText)] == ["80"]


def test_video_without_text_or_frames_is_a_result() -> None:
    assert read([0] * 3)[-1] == VideoEnd(3000, 3, 1)
    assert read([]) == [VideoEnd(0, 0, 0)]


def test_video_with_a_frame_only_where_something_moves_is_read_whole() -> None:
    frames = [frame(0, 80), frame(30_000, 120), frame(45_000, 160)]
    request = VideoRequest(Path("unused.webm"))
    events = read_video_frames(request, frames, read_level, 60_000)
    texts = [(e.start_ms, e.end_ms, e.text) for e in events if isinstance(e, TimedText)]
    assert texts == [(0, 30_000, "80"), (30_000, 45_000, "120"), (45_000, 60_000, "160")]
