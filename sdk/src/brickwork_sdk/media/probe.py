"""The look at a recording before anybody works on it."""

from contextlib import suppress
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.container import (
    has_index,
    opened,
    origin_seconds,
    unreadable,
    video_stream,
)
from brickwork_sdk.media.info import MediaInfo
from brickwork_sdk.media.limits import DURATION_MS_MAX, require_pixels

_TRIED_PACKETS = 50


def probe(path: Path) -> MediaInfo:
    """Look at a recording and decode the first moment of each of its streams.

    A file that is shorter than its container says is refused: one cut in its
    index, and one whose samples or frames end early.

    Raises:
        MEDIA_MISSING, MEDIA_NOT_A_FILE, MEDIA_EMPTY: there is nothing to read.
        MEDIA_FORMAT_UNSUPPORTED: the container is not on the whitelist.
        MEDIA_UNREADABLE: damaged, cut off, or nothing in it can be decoded.
        MEDIA_TOO_LARGE: longer than a day or more than 40 million pixels.
    """
    with opened(path) as source:
        video = video_stream(source)
        audio = source.streams.audio[0] if source.streams.audio else None
        indexes = [stream.index for stream in (audio, video) if stream is not None]
        if not indexes:
            raise InvalidInput(
                Reason.MEDIA_UNREADABLE, "The recording has neither sound nor moving pictures."
            )
        if video is not None:
            require_pixels(video.width, video.height)
        info = MediaInfo(
            duration_ms=_duration_ms(source),
            has_audio=audio is not None,
            has_video=video is not None,
            width_px=video.width if video is not None else 0,
            height_px=video.height if video is not None else 0,
            container=source.format.name.partition(",")[0],
        )
    if info.duration_ms > DURATION_MS_MAX:
        raise InvalidInput(
            Reason.MEDIA_TOO_LARGE,
            "The recording is longer than a day.",
            metadata={"duration_ms_max": str(DURATION_MS_MAX)},
        )
    # Only now, because libav holds the index of a file for as long as it is open: 40 MiB and more
    # for an MP4 of three hours.
    for index in indexes:
        _require_decodable(path, index)
    return info


def _require_decodable(path: Path, index: int) -> None:
    """Decode one frame, in a reading of its own so that the other streams miss nothing."""
    with opened(path) as source:
        for packet in islice(source.demux(source.streams[index]), _TRIED_PACKETS):
            # The first packets of a live recording may lack what they refer to.
            with suppress(av.InvalidDataError):
                if packet.decode():
                    return
    raise unreadable()


def _duration_ms(source: InputContainer) -> int:
    """Return the declared length, or the end of the last packet where none is declared.

    For MP3 and AAC libav only estimates a length from the bit rate, and what a
    browser records often has none.
    """
    if source.duration is not None and has_index(source):
        return round(source.duration / av.time_base * 1000)
    last_seconds = 0.0
    for packet in source.demux():
        if packet.pts is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            last_seconds = max(last_seconds, float(end))
    return round(max(last_seconds - origin_seconds(source), 0.0) * 1000)
