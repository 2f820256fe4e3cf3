"""Say how the journal's file is built: a head, records, and zeros after them.

The head names the boot of the machine under which the file was written. A record is three
little-endian 32-bit numbers (length of the body, its CRC-32, CRC-32 of the eight bytes before),
then the body. The zeros are space that is kept for later records.

A record that ends in those zeros was being written when the broker or the machine died, before
anybody was answered: it is cut off. When the machine lost its power, the disk may also hold what
was written last without what was written a little before, with zeros in between. Nothing from
there on was ever forced to the disk, so no epoch depends on it, and whoever held memory is gone
with that boot: the story ends at the hole. Everything else that does not add up is damage.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from brickwork_broker.core.events import DurableEvent
from brickwork_broker.storage import codec

MAGIC = b"brickwork-broker-journal-2 "
BOOT_ID_LENGTH = 36
"""A UUID. Source: random(4), /proc/sys/kernel/random/boot_id."""
HEAD_BYTES = len(MAGIC) + BOOT_ID_LENGTH + len(" 01234567\n")
SIZES = struct.Struct("<II")
HEADER = struct.Struct("<III")
HOLE = bytes(512)
"""What a disk leaves of a sector that it never wrote; no record holds so many zeros."""


class Damage(Exception):
    """Raised for a file that the broker must not lend over; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Story:
    """Hold the events of a file, and how many of its bytes tell them."""

    events: list[DurableEvent]
    size_bytes: int


def head(boot_id: str) -> bytes:
    """Return how a file begins, `HEAD_BYTES` long."""
    text = MAGIC + boot_id.ljust(BOOT_ID_LENGTH).encode()
    return text + f" {zlib.crc32(text):08x}\n".encode()


def record(event: DurableEvent) -> bytes:
    """Return an event as a record."""
    body = codec.to_bytes(event)
    sizes = SIZES.pack(len(body), zlib.crc32(body))
    return sizes + zlib.crc32(sizes).to_bytes(4, "little") + body


def read(data: bytes, boot_id: str) -> Story:
    """Read a file.

    Args:
        data: all of it.
        boot_id: of the machine as it runs now.

    Raises:
        Damage: it is no journal, or a record in it was changed.
    """
    # No whole record ends in a zero byte: its body is JSON.
    data = data.rstrip(b"\0")
    if len(data) < HEAD_BYTES and MAGIC.startswith(data[: len(MAGIC)]):
        return Story([], 0)
    written_under = data[len(MAGIC) : len(MAGIC) + BOOT_ID_LENGTH].decode(errors="replace").strip()
    if data[:HEAD_BYTES] != head(written_under):
        raise Damage("was not written by a broker of this version")
    events, size_bytes = [], HEAD_BYTES
    try:
        for body, end in _bodies(data):
            events.append(_event(body))
            size_bytes = end
    except Damage:
        if written_under == boot_id or HOLE not in data[size_bytes:]:
            raise
    return Story(events, size_bytes)


def _bodies(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the body of each whole record, and where it ends."""
    position = HEAD_BYTES
    while position + HEADER.size <= len(data):
        length, checksum, header_checksum = HEADER.unpack_from(data, position)
        end = position + HEADER.size + length
        body = data[position + HEADER.size : end]
        if zlib.crc32(data[position : position + SIZES.size]) != header_checksum:
            raise Damage(f"is damaged: the header at byte {position} was changed")
        if len(body) < length:
            return
        if zlib.crc32(body) != checksum:
            raise Damage(f"is damaged: the record at byte {position} was changed")
        yield body, end
        position = end


def _event(body: bytes) -> DurableEvent:
    try:
        return codec.from_bytes(body)
    except (ValueError, KeyError, TypeError) as error:
        raise Damage("is damaged: a record holds no event that is known") from error
