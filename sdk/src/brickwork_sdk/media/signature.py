"""Which container a file is, by its first bytes.

The name of a file says nothing that can be trusted, and libav's own guess
would follow a playlist under any name. So we decide, and libav obeys.
"""

import os
import stat
from enum import StrEnum
from pathlib import Path

from brickwork_sdk.errors import InvalidInput, NotFound, Reason
from brickwork_sdk.media.elementary import FRAME_BYTES_MAX, is_adts, is_mp3

HEAD_BYTES = FRAME_BYTES_MAX + 64


class Container(StrEnum):
    """The containers that are read; each value is libav's name of its demuxer."""

    MP4 = "mov"
    MATROSKA = "matroska"
    WAV = "wav"
    AVI = "avi"
    FLAC = "flac"
    OGG = "ogg"
    MP3 = "mp3"
    AAC = "aac"


_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")

_REFUSED = (
    (b"#EXTM3U", "an HLS playlist"),
    (b"ffconcat", "an ffconcat list"),
    (b"<?xml", "XML, as DASH and other manifests are"),
    (b"<MPD", "a DASH manifest"),
    (b"v=0", "an SDP description"),
    (b"[playlist]", "a playlist"),
    (b"[Reference]", "a playlist"),
    (b"FLV\x01", "Flash video"),
    (b"\x30\x26\xb2\x75", "Windows Media"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b".RMF", "RealMedia"),
    (b"FORM", "AIFF"),
)


def recognise(path: Path) -> Container:
    """Tell the container of a file from its content.

    Raises:
        MEDIA_MISSING: there is no such file.
        MEDIA_NOT_A_FILE: it is a folder, a device or a pipe.
        MEDIA_EMPTY: it has no bytes.
        MEDIA_FORMAT_UNSUPPORTED: it is of a kind that is not read here.
        MEDIA_UNREADABLE: it is no medium, or may not be read.
    """
    head = _head(path)
    container = _container(head)
    if container is not None:
        return container
    for prefix, kind in _REFUSED:
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(prefix):
            raise InvalidInput(
                Reason.MEDIA_FORMAT_UNSUPPORTED,
                f"The content is {kind}, which is not read here; send the recording itself as "
                "MP4, Matroska, WebM, WAV, FLAC, MP3, Ogg, AAC or AVI.",
                metadata={"kind": kind},
            )
    raise InvalidInput(
        Reason.MEDIA_UNREADABLE,
        "The content is no recording: its first bytes are those of no container that is known.",
    )


def is_pdf(path: Path) -> bool:
    """Tell whether a file says of itself that it is a PDF, in its first bytes.

    Readers look for that line in the first kilobyte; what begins as something else is that, so
    that nobody can send a file that is a picture to one reader and a document to another.

    Raises:
        MEDIA_MISSING, MEDIA_NOT_A_FILE, MEDIA_EMPTY, MEDIA_UNREADABLE: as `recognise`.
    """
    return _head(path)[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-")


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return its descriptor.

    Raises:
        MEDIA_MISSING, MEDIA_NOT_A_FILE, MEDIA_UNREADABLE: as `recognise`.
    """
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(Reason.MEDIA_MISSING, "There is no such file.") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(
            Reason.MEDIA_UNREADABLE, f"The file cannot be opened: {error}."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(Reason.MEDIA_NOT_A_FILE, "This is a folder or a device, not a file.")
    return descriptor


def _head(path: Path) -> bytes:
    with open(open_regular(path), "rb") as file:
        head = file.read(HEAD_BYTES)
        if head[:3] == b"ID3" and len(head) >= 10:
            # A tag may stand before MP3, AAC and FLAC alike; its length is 4 x 7 bits.
            tag_bytes = sum((byte & 0x7F) << (7 * (3 - i)) for i, byte in enumerate(head[6:10]))
            file.seek(10 + tag_bytes)
            head = file.read(HEAD_BYTES).lstrip(b"\x00") or head
    if not head:
        raise InvalidInput(Reason.MEDIA_EMPTY, "The file is empty.")
    return head


def _container(head: bytes) -> Container | None:
    if head[4:8] in _MP4_BOXES:
        return Container.MP4
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Container.MATROSKA
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return Container.WAV
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return Container.AVI
    if head.startswith(b"fLaC"):
        return Container.FLAC
    if head.startswith(b"OggS"):
        return Container.OGG
    if is_adts(head):
        return Container.AAC
    return Container.MP3 if is_mp3(head) else None
