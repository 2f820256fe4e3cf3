"""Write an audit log: one line a record, each held in its place by the hash of the one before.

Records go into numbered segments of a folder; the chain goes on from one to the next. A line
without an end was being written when the process was killed: it is cut off at the next start, and
the chain goes on. Nothing else is ever changed. Whether all is well only `chain` tells; the writer
looks at the newest segment alone, so that a start takes no longer as the log grows.

Nothing is forced to the disk record by record, which would cost more than what is recorded. A
process that is killed loses nothing of what it has written. A loss of power may take what was
written in the last half minute or so, and with it the end of the chain; what stands before a
signed head is safe, for a head is signed only once all before it has been forced to the disk.

A disk that takes nothing stops nobody. Records that cannot be written are counted, and as soon as
the disk takes some again the first one says how many are missing, since when and why. Only a
process that ends before that takes its count along.
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from brickwork_sdk.audit.record import MISSING, NOTHING_BEFORE, Entry, Record, record_of, sha256_of
from brickwork_sdk.audit.segments import lines_of, segment_numbers, segment_path

SEGMENT_BYTES_MAX = 8 * 1024 * 1024
"""About 20,000 records, which a start reads within half a second."""

_log = logging.getLogger(__name__)


class AuditLog:
    """Append records; the caller sees to it that nobody else writes to the folder.

    Args:
        folder: where the segments lie; made with the first record, its parent exists.
        standing: tells how things stand. It is written at the head of each further segment and
            after missing records, so that a reader can begin there.
        now: the wall clock, in UTC.
        segment_bytes_max: a segment that has become so long is followed by the next.

    Attributes:
        tail: the records of the newest segment as they were found at the start, less any that
            cannot be read.
        missing: how many records could not be written since the last one that was.

    Raises:
        OSError: what is there already cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        standing: Callable[[], Entry] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> None:
        self.missing = 0
        self._missing_since = ""
        self._missing_why = ""
        self._folder = folder
        self._standing = standing
        self._now = now
        self._segment_bytes_max = segment_bytes_max
        self._file: int | None = None
        self._is_torn = False
        self._end = 0
        self._number = 1
        self._sequence = 0
        self._previous = NOTHING_BEFORE
        self.tail = self._recover()

    def append(self, *entries: Entry) -> range:
        """Write entries, all or none; return their numbers, none if the disk takes none now."""
        had_gap = self.missing > 0
        numbers = self._put(*entries)
        is_long = self._end >= self._segment_bytes_max and self._begin_next()
        if self._standing is not None and ((had_gap and not self.missing) or is_long):
            self._put(self._standing())
        return numbers

    def close(self) -> None:
        """Say what is missing, if the disk takes it now, and close the file."""
        if self.missing:
            self.append()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _recover(self) -> list[Record]:
        """Find the end of the chain and return the records of the newest segment."""
        found: list[Record] = []
        numbers = segment_numbers(self._folder)
        if not numbers:
            return found
        self._number = numbers[-1]
        lines, torn = lines_of(segment_path(self._folder, self._number))
        self._is_torn = bool(torn)
        self._end = sum(len(line) + 1 for line in lines)
        if not lines and len(numbers) > 1:  # it was begun, and nothing was written to it yet
            lines, _ = lines_of(segment_path(self._folder, numbers[-2]))
        for line in lines:
            self._sequence += 1
            self._previous = sha256_of(line)
            try:
                record = record_of(line)
            except ValueError:
                _log.error("audit_record_damaged", extra={"sequence": self._sequence})
                continue
            self._sequence = record.sequence
            found.append(record)
        return found

    def _put(self, *entries: Entry) -> range:
        gap = [self._gap()] if self.missing else []
        time = self._now()
        sequence, previous, data = self._sequence, self._previous, b""
        for entry in (*gap, *entries):
            sequence += 1
            line = Record(sequence, time, previous, entry).to_line()
            previous = sha256_of(line)
            data += line + b"\n"
        try:
            self._write(data)
        except OSError as error:
            self._miss(len(entries), error)
            return range(0)
        self._sequence, self._previous = sequence, previous
        if gap:
            _log.warning("audit_records_missing", extra={"count": self.missing})
            self.missing = 0
        return range(sequence - len(entries) + 1, sequence + 1)

    def _begin_next(self) -> bool:
        try:
            self._open(self._number + 1)
        except OSError as error:
            _log.error("audit_segment_not_begun", extra={"error": error.strerror})
            return False
        return True

    def _open(self, number: int) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = segment_path(self._folder, number)
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        if self._file is not None:
            os.close(self._file)
        self._file = file
        if number != self._number:
            self._number, self._end = number, 0

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._open(self._number)
        assert self._file is not None
        self._mend(self._file)
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._file, data[written:], self._end + written)
        except OSError:
            self._is_torn = True
            self._mend(self._file)
            raise
        self._end += written

    def _mend(self, file: int) -> None:
        """Cut off what was begun and never ended."""
        if self._is_torn:
            os.ftruncate(file, self._end)
            self._is_torn = False

    def _gap(self) -> Entry:
        fields = {"count": self.missing, "since": self._missing_since}
        return Entry("audit", MISSING, self._missing_why, fields)

    def _miss(self, count: int, error: OSError) -> None:
        if not self.missing:
            self._missing_since = self._now().isoformat(timespec="microseconds")
            self._missing_why = error.strerror or "unknown"
            _log.error("audit_not_written", extra={"error": self._missing_why})
        self.missing += count
