"""Keep durable events in an append-only file that survives the broker, its machine and its disk.

Every batch is written before it is answered; only a batch that reserves epochs, or has an
operator's word on draining, is forced to the disk. A killed broker loses nothing of what was
written, and when the whole machine stops, so does every process that held memory: only epochs must
never come twice, and an operator must find the machine as it was left.

The file is replaced by the fewest events that say the same at every start and whenever it has
grown to a multiple of them: a new file is written, forced to the disk and put in the place of the
old one, which is whole until then.

Space for what must be written even on a full disk is taken beforehand. See `records` for the form.
"""

import fcntl
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from brickwork_broker.core.events import DrainSet, DurableEvent, EpochsReserved
from brickwork_broker.storage import records
from brickwork_broker.storage.reserve import allocate
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.full_disk import is_full

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

RESERVE_BYTES = 2 * 1024 * 1024
"""How much can be written when the disk is full. A token needs about 500 bytes from its grant to
its end, so this is room for the ends of some thousand of them."""
STEP_BYTES = 1024 * 1024
"""Space is taken in such steps, so that most batches take none."""

COMPACT_FACTOR = 4
COMPACT_BYTES_MIN = 4 * 1024 * 1024
"""The file is replaced once it is this long and so many times longer than when it was new."""

_log = logging.getLogger(__name__)


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


def this_boot() -> str:
    """Return the id of the machine's present boot."""
    return BOOT_ID.read_text().strip()


def read(path: Path) -> list[DurableEvent]:
    """Return the events of a journal, less a torn tail; none if there is no file.

    Raises:
        NotPossible: BROKER_JOURNAL_UNUSABLE, the file is no journal, or a record in it was changed.
    """
    return _story(path).events


def _story(path: Path) -> records.Story:
    try:
        return records.read(path.read_bytes() if path.exists() else b"", this_boot())
    except records.Damage as damage:
        raise _unusable(path, str(damage)) from damage


class Journal:
    """Append events to a file.

    Opening replaces the file by the given history, so it is as short as what must be known, and a
    torn tail is gone. Where the disk has no room for that, the file that is there is gone on with.

    Args:
        path: the journal's file; its folder exists.
        history: the fewest events that say what must be known.

    Raises:
        OSError: there is no journal yet, and no room for one; or the disk fails.
    """

    def __init__(self, path: Path, history: Iterable[DurableEvent]) -> None:
        self._path = path
        try:
            self._file, self._end = self._written_anew(history)
        except OSError as error:
            if not is_full(error) or not path.exists():
                raise
            self._file, self._end = self._as_it_is()
        self._allocated_end = self._end
        self._compact_at_bytes = self._multiple_of(self._end)

    @property
    def is_long(self) -> bool:
        """Whether it is time to compact it."""
        return self._end >= self._compact_at_bytes

    def has_reserve(self) -> bool:
        """Tell whether `RESERVE_BYTES` more can be written for certain; take space if need be.

        Raises:
            OSError: the disk fails otherwise than by being full.
        """
        if self._allocated_end - self._end < RESERVE_BYTES:
            try:
                allocate(self._file, self._end, RESERVE_BYTES + STEP_BYTES)
            except OSError as error:
                if not is_full(error):
                    raise
                return False
            self._allocated_end = self._end + RESERVE_BYTES + STEP_BYTES
        return True

    def append(self, events: Sequence[DurableEvent]) -> None:
        """Write a batch; on return a killed broker will find it again.

        Raises:
            OSError: the batch is not written, or not whole; append nothing more.
        """
        if events:
            data = b"".join(records.record(event) for event in events)
            _write(self._file, data, self._end)
            self._end += len(data)
        if any(isinstance(event, EpochsReserved | DrainSet) for event in events):
            os.fsync(self._file)

    def compact(self, history: Iterable[DurableEvent]) -> None:
        """Replace the file by the fewest events that say the same; leave it where disk is short.

        Raises:
            OSError: the disk fails otherwise than by being full; append nothing more.
        """
        before_bytes = self._end
        try:
            file, end = self._written_anew(history)
        except OSError as error:
            if not is_full(error):
                raise
            self._compact_at_bytes = self._end + COMPACT_BYTES_MIN
            return
        os.close(self._file)
        self._file, self._end = file, end
        self._allocated_end = end
        self._compact_at_bytes = self._multiple_of(end)
        _log.info("journal_compacted", extra={"before_bytes": before_bytes, "after_bytes": end})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _written_anew(self, history: Iterable[DurableEvent]) -> tuple[int, int]:
        """Put a new file in the place of the journal; return it and where its records end.

        Whoever stops this at whatever moment, by death or power, finds the old file or the new one
        under the name, each of them whole.
        """
        fresh = self._path.with_suffix(".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            data = records.head(this_boot()) + b"".join(records.record(event) for event in history)
            _write(file, data, 0)
            allocate(file, len(data), RESERVE_BYTES)
            os.fsync(file)
            fresh.replace(self._path)
        except OSError:
            os.close(file)
            fresh.unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file, len(data)

    def _as_it_is(self) -> tuple[int, int]:
        """Open the journal that is there, less its torn tail; return it and where it ends."""
        end = max(records.HEAD_BYTES, _story(self._path).size_bytes)
        file = os.open(self._path, os.O_WRONLY)
        # The tail lies on the disk already, and zeros take no more room there than it did. A tail
        # that another boot left goes before the head says that this one writes here.
        _write(file, bytes(max(0, os.fstat(file).st_size - end)), end)
        _write(file, records.head(this_boot()), 0)
        os.fsync(file)
        return file, end

    @staticmethod
    def _multiple_of(size_bytes: int) -> int:
        return max(COMPACT_BYTES_MIN, COMPACT_FACTOR * size_bytes)


def _write(file: int, data: bytes, position: int) -> None:
    while data:
        count = os.pwrite(file, data, position)
        data, position = data[count:], position + count


def _unusable(path: Path, fault: str) -> NotPossible:
    return NotPossible(
        Reason.BROKER_JOURNAL_UNUSABLE,
        f"The journal {path} {fault}.",
        metadata={"path": str(path)},
    )
