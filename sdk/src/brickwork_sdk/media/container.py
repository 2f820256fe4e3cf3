"""Opening a recording through libav, with everything else locked away."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.length import require_whole
from brickwork_sdk.media.signature import Container, recognise

av.logging.set_level(av.logging.PANIC)  # What libav has to say comes as an exception.

_OPTIONS = {
    "protocol_whitelist": "file",
    "probesize": str(8 * 1024 * 1024),
    "analyzeduration": str(10 * 1_000_000),
    "max_streams": "64",
}


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a recording; whatever libav raises inside becomes one of our errors.

    Raises:
        MEDIA_MISSING, MEDIA_NOT_A_FILE, MEDIA_EMPTY: there is nothing to read.
        MEDIA_FORMAT_UNSUPPORTED: the container is not on the whitelist.
        MEDIA_UNREADABLE: the content is damaged, cut off, or no medium.
    """
    container = recognise(path)
    require_whole(path, container)
    try:
        # The prefix keeps libav from taking part of a name for a protocol.
        with av.open(
            f"file:{path}",
            "r",
            format=container.value,
            options={**_OPTIONS, "format_whitelist": container.value},
            metadata_errors="replace",
        ) as source:
            yield source
    except (av.FFmpegError, UnicodeError, OverflowError) as error:
        raise unreadable() from error


def unreadable() -> InvalidInput:
    """Build the error for content that libav cannot make sense of."""
    return InvalidInput(
        Reason.MEDIA_UNREADABLE, "The recording cannot be decoded: it is damaged or incomplete."
    )


def require_decoder(stream: Stream) -> None:
    """Refuse a stream in an encoding that libav has no decoder for.

    Raises:
        MEDIA_UNREADABLE: the encoding is not known.
    """
    codec: object = stream.codec_context
    if codec is None:
        raise InvalidInput(
            Reason.MEDIA_UNREADABLE,
            f"The {stream.type} of the recording is encoded in a way that is not known here.",
            metadata={"stream": stream.type},
        )


def video_stream(source: InputContainer) -> VideoStream | None:
    """Return the moving pictures of a recording; the cover of an album is none.

    Raises:
        MEDIA_UNREADABLE: their encoding is not known.
    """
    moving = [
        stream
        for stream in source.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not moving:
        return None
    require_decoder(moving[0])
    return moving[0]


def origin_seconds(source: InputContainer) -> float:
    """Return the time stamp at which the recording begins.

    Stamps below zero are the codec's run-in, which the decoder drops by itself.
    """
    return max(source.start_time or 0, 0) / av.time_base


def has_index(source: InputContainer) -> bool:
    """Tell whether a seek lands at a known time; otherwise one reads from the start."""
    return source.format.name not in (Container.MP3, Container.AAC)
