"""Keep durable events in an append-only file that survives the broker.

A file is `MAGIC`, then records: three little-endian 32-bit numbers (length of the body, its CRC-32,
CRC-32 of the eight bytes before), then the body. A record that ends beyond the end of the file was
being written when the broker or the machine died, before anybody was answered: it is cut off, and
so are the zeros that some file systems leave there. Everything else that does not add up is
damage, and the broker refuses to start over it rather than lend memory twice.

Every batch is written before it is answered; only a batch that reserves epochs is forced to the
disk. A killed broker loses nothing of what was written, and when the whole machine stops, so does
every process that held memory: only epochs must never come twice.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from brickwork_broker import codec
from brickwork_broker.messages import DurableEvent, EpochsReserved
from brickwork_sdk.errors import NotPossible, Reason

MAGIC = b"brickwork-broker-journal-1\n"
SIZES = struct.Struct("<II")
HEADER = struct.Struct("<III")


def lock(path: Path) -> int:
    """Keep every other broker off a journal until the returned file is closed.

    Raises:
        NotPossible: BROKER_JOURNAL_UNUSABLE, another broker has it.
    """
    file = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise _unusable(path, "belongs to a broker that is running") from None
    return file


def read(path: Path) -> list[DurableEvent]:
    """Return the events of a journal, less a torn tail; none if there is no file.

    Raises:
        NotPossible: BROKER_JOURNAL_UNUSABLE, the file is no journal, or a record in it was changed.
    """
    # No whole record ends in a zero byte: its body is JSON.
    data = path.read_bytes().rstrip(b"\0") if path.exists() else b""
    if MAGIC.startswith(data):
        return []
    if not data.startswith(MAGIC):
        raise _unusable(path, "was not written by a broker")
    return [_event(body, path) for body in _bodies(data, path)]


def _bodies(data: bytes, path: Path) -> Iterator[bytes]:
    position = len(MAGIC)
    while position + HEADER.size <= len(data):
        length, checksum, header_checksum = HEADER.unpack_from(data, position)
        start = position + HEADER.size
        body = data[start : start + length]
        if zlib.crc32(SIZES.pack(length, checksum)) != header_checksum:
            raise _unusable(path, f"is damaged: the header at byte {position} was changed")
        if len(body) < length:
            return
        if zlib.crc32(body) != checksum:
            raise _unusable(path, f"is damaged: the record at byte {position} was changed")
        yield body
        position = start + length


def _event(body: bytes, path: Path) -> DurableEvent:
    try:
        return codec.from_bytes(body)
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(path, "is damaged: a record holds no event that is known") from error


class Journal:
    """Append events to a file.

    Opening writes the given history to a new file and puts it in the place of the old one, so the
    file is as short as what must be known, and a torn tail is gone.

    Args:
        path: the journal's file; its folder exists.
        history: the fewest events that say what must be known.
    """

    def __init__(self, path: Path, history: Iterable[DurableEvent]) -> None:
        fresh = path.with_suffix(".new")
        self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._write(MAGIC + b"".join(_record(event) for event in history))
        os.fsync(self._file)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self, events: Sequence[DurableEvent]) -> None:
        """Write a batch; on return a killed broker will find it again.

        Raises:
            OSError: the batch is not written, or not whole; append nothing more.
        """
        if events:
            self._write(b"".join(_record(event) for event in events))
        if any(isinstance(event, EpochsReserved) for event in events):
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]


def _record(event: DurableEvent) -> bytes:
    body = codec.to_bytes(event)
    sizes = SIZES.pack(len(body), zlib.crc32(body))
    return sizes + zlib.crc32(sizes).to_bytes(4, "little") + body


def _unusable(path: Path, fault: str) -> NotPossible:
    return NotPossible(
        Reason.BROKER_JOURNAL_UNUSABLE,
        f"The journal {path} {fault}.",
        metadata={"path": str(path)},
    )
