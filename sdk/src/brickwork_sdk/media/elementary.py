"""Frame headers of MP3 and ADTS, which have no container and no magic number.

Twelve bits of synchronisation turn up by chance, in one random file of three
thousand: so a header counts only where a second one of its kind follows it.
"""

from collections.abc import Callable

FRAME_BYTES_MAX = 8_191
"""Longest frame of either kind; an ADTS length has 13 bits."""

_KBPS_FIRST = (
    (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
_KBPS_SECOND = (
    (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES_HZ = (44_100, 48_000, 32_000)


def is_mp3(head: bytes) -> bool:
    """Tell whether the content begins with frames of MPEG audio, layers 1 to 3."""
    return _are_frames(head, mpeg_frame_bytes)


def is_adts(head: bytes) -> bool:
    """Tell whether the content begins with AAC frames in ADTS."""
    return _are_frames(head, adts_frame_bytes)


def mpeg_frame_bytes(header: bytes) -> int:
    """Return the length of an MPEG audio frame, 0 when this is no header of one.

    Source: ISO/IEC 11172-3, 2.4.2.3 and 2.4.3.1; 13818-3 for the lower rates.
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    kbps = (_KBPS_FIRST if is_first else _KBPS_SECOND)[layer - 1][bitrate - 1]
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return (12_000 * kbps // rate_hz + padding) * 4
    samples_per_byte = 72_000 if layer == 3 and not is_first else 144_000
    return samples_per_byte * kbps // rate_hz + padding


def adts_frame_bytes(header: bytes) -> int:
    """Return the length of an ADTS frame, 0 when this is no header of one.

    Source: ISO/IEC 13818-7, 6.2.
    """
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if header[2] >> 2 & 15 < 13 and length >= 7 else 0


def _are_frames(head: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    """Tell whether one frame begins here, and another or the end comes after it."""
    length = frame_bytes(head)
    return length > 0 and (length >= len(head) or frame_bytes(head[length:]) > 0)
