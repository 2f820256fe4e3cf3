"""What a recording is; whoever only asks needs no decoder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MediaInfo:
    """What a recording is.

    Attributes:
        duration_ms: its length.
        has_audio: whether it has sound.
        has_video: whether it has moving pictures; the cover of an album is none.
        width_px: width of the pictures as stored, 0 without any.
        height_px: height of the pictures as stored, 0 without any.
        container: libav's short name of the container, such as `matroska`.
    """

    duration_ms: int
    has_audio: bool
    has_video: bool
    width_px: int
    height_px: int
    container: str
