"""How long a container says that it is, so that a cut one is noticed.

A cut recording would often decode to its cut without a word; who sent it
should know. Containers that name no length (Ogg, MP3, AAC, live Matroska and
streamed WAV) are taken as they are.
"""

import os
from pathlib import Path
from typing import BinaryIO

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.signature import Container

BOXES_MAX = 100_000


def require_whole(path: Path, container: Container) -> None:
    """Refuse a file that is shorter than it says.

    Raises:
        MEDIA_UNREADABLE: the end is missing.
    """
    with path.open("rb") as file:
        actual_bytes = os.fstat(file.fileno()).st_size
        match container:
            case Container.MP4:
                declared_bytes = _mp4_bytes(file, actual_bytes)
            case Container.WAV:
                declared_bytes = _wav_bytes(file, actual_bytes)
            case Container.AVI:
                declared_bytes = 8 + int.from_bytes(file.read(8)[4:], "little")
            case Container.MATROSKA:
                declared_bytes = _matroska_bytes(file)
            case _:
                return
    if declared_bytes > actual_bytes:
        raise InvalidInput(
            Reason.MEDIA_UNREADABLE,
            f"The recording is cut off: it says that it has {declared_bytes:,} bytes "
            f"and has {actual_bytes:,}.",
            metadata={"declared_bytes": str(declared_bytes), "actual_bytes": str(actual_bytes)},
        )


def _mp4_bytes(file: BinaryIO, actual_bytes: int) -> int:
    """Return where the last box ends. Source: ISO/IEC 14496-12, 4.2."""
    end = 0
    for _ in range(BOXES_MAX):
        if end >= actual_bytes:
            break
        file.seek(end)
        header = file.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size == 0 or not header[4:8].isascii():
            break  # The last box reaches to the end, or what follows is no box.
        end += max(size, 8)
    return end


def _wav_bytes(file: BinaryIO, actual_bytes: int) -> int:
    """Return where the samples end. Source: Microsoft RIFF; EBU Tech 3306 for RF64."""
    end, long_data_bytes = 12, 0
    while end + 8 <= actual_bytes:
        file.seek(end)
        header = file.read(8)
        size = int.from_bytes(header[4:], "little")
        if header[:4] == b"ds64":
            long_data_bytes = int.from_bytes(file.read(16)[8:], "little")
        if header[:4] == b"data":
            if size == 0xFFFFFFFF:
                size = long_data_bytes
            is_streamed = size >= 0xFFFFFF00
            return 0 if is_streamed else end + 8 + size
        end += 8 + size + size % 2
    return 0  # Without samples; that is libav's to say.


def _matroska_bytes(file: BinaryIO) -> int:
    """Return where the segment ends, 0 when it is live. Source: RFC 8794, 4 and 6."""
    head = file.read(64 * 1024)
    header_bytes, width = _ebml_number(head, 4)
    if header_bytes is None:
        return 0
    start = 4 + width + header_bytes
    if head[start : start + 4] != b"\x18\x53\x80\x67":
        return 0
    segment_bytes, width = _ebml_number(head, start + 4)
    return 0 if segment_bytes is None else start + 4 + width + segment_bytes


def _ebml_number(data: bytes, at: int) -> tuple[int | None, int]:
    """Read a number of variable width; None stands for unknown. Returns its width too."""
    if at >= len(data) or data[at] == 0:
        return None, 1
    width = 9 - data[at].bit_length()
    bits = 7 * width
    value = int.from_bytes(data[at : at + width], "big") & ((1 << bits) - 1)
    return (None if value == (1 << bits) - 1 else value), width
