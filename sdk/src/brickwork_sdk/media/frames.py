"""Pictures out of a video, at a regular distance."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.container import opened, origin_seconds, video_stream
from brickwork_sdk.media.limits import require_pixels
from brickwork_sdk.media.packets import decoded

REORDERED_FRAMES_MAX = 16
"""Frames that may be stored before one that is shown earlier.

Source: ITU-T H.264, E.2.1, max_num_reorder_frames, at most MaxDpbFrames = 16.
"""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        time_ms: when it is first shown.
        pixels: uint8 [height, width, 3], RGB, upright.
    """

    time_ms: int
    pixels: NDArray[np.uint8]


def read_frames(path: Path, *, every_ms: int, start_ms: int = 0) -> Iterator[Frame]:
    """Read the first frame at or after each multiple of `every_ms`.

    A frame that is shown across several multiples comes once. Damaged packets
    are left out. Memory does not grow with the video.

    Args:
        path: the video.
        every_ms: distance between looked-at times, at least 1.
        start_ms: offset in the video to begin at.

    Raises:
        NO_VIDEO_STREAM: the recording has no moving pictures.
        MEDIA_TOO_LARGE: a frame has more than 40 million pixels.
        MEDIA_*: it cannot be read at all.
    """
    with opened(path) as source:
        stream = video_stream(source)
        if stream is None:
            raise InvalidInput(Reason.NO_VIDEO_STREAM, "The recording has no moving pictures.")
        require_pixels(stream.width, stream.height)
        origin = origin_seconds(source)
        wanted = _Wanted(origin, every_ms, -(-start_ms // every_ms) * every_ms)
        for frame in _decoded(source, stream, wanted):
            time_ms = round((frame.time - origin) * 1000)
            if time_ms < wanted.next_ms:
                continue
            wanted.next_ms = (time_ms // every_ms + 1) * every_ms
            require_pixels(frame.width, frame.height)
            pixels = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
            yield Frame(time_ms, np.ascontiguousarray(pixels, dtype=np.uint8))


@dataclass
class _Wanted:
    origin_seconds: float
    every_ms: int
    next_ms: int

    def is_reached(self, seconds: float) -> bool:
        return round((seconds - self.origin_seconds) * 1000) >= self.next_ms


def _decoded(source: InputContainer, stream: VideoStream, wanted: _Wanted) -> Iterator[VideoFrame]:
    """Decode from the first wanted time on; frames in between only where others need them."""
    codec = stream.codec_context
    codec.thread_count = 1
    if wanted.next_ms and stream.time_base is not None:
        # Seeks go by the order of decoding, in which a frame may come this much before its time.
        early_seconds = REORDERED_FRAMES_MAX / (stream.average_rate or 1)
        from_seconds = wanted.origin_seconds + wanted.next_ms / 1000 - early_seconds
        source.seek(int(from_seconds / stream.time_base), stream=stream)

    def packets() -> Iterator["Packet[VideoStream]"]:
        for packet in source.demux(stream):
            is_near = packet.pts is None or wanted.is_reached(float(packet.pts * packet.time_base))
            codec.skip_frame = "DEFAULT" if is_near else "NONREF"
            yield packet

    return (frame for frame in decoded(packets()) if frame.time is not None)
