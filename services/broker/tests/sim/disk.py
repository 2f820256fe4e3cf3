"""The disk below the journal: full for a while, torn by a kill, half written when power fails."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from brickwork_broker.storage import journal
from brickwork_broker.storage.records import HEAD_BYTES
from brickwork_broker.storage.reserve import allocate
from services.broker.tests.sim.world import World

SECTOR_BYTES = 512
RESERVE_BYTES, STEP_BYTES, COMPACT_BYTES_MIN = 65_536, 4_096, 16_384
"""Smaller than in production, so that minutes of work meet a full disk and a compaction."""

_write = journal._write


class Disk:
    """Note how far the journal's file was written, and how far it was forced to the disk.

    Attributes:
        is_full: no more room can be taken; what was taken before can be written.
    """

    def __init__(self, world: World, path: Path) -> None:
        self.path = path
        self.is_full = False
        self._world = world
        self._synced_end = 0
        self._written = (0, 0)

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Put this disk under every journal for a while."""
        with ExitStack() as stack:
            for name, size_bytes in (
                ("RESERVE_BYTES", RESERVE_BYTES),
                ("STEP_BYTES", STEP_BYTES),
                ("COMPACT_BYTES_MIN", COMPACT_BYTES_MIN),
            ):
                stack.enter_context(mock.patch.object(journal, name, size_bytes))
            stack.enter_context(mock.patch.object(journal, "_write", self._note_write))
            stack.enter_context(mock.patch.object(journal, "allocate", self._take_room))
            stack.enter_context(mock.patch("os.fsync", self._note_fsync))
            stack.enter_context(mock.patch.object(journal, "this_boot", self._this_boot))
            yield

    @property
    def written_bytes(self) -> int:
        """How many bytes the latest write had; 0 if none came since this was asked."""
        begin, end = self._written
        self._written = (end, end)
        return end - begin

    def tear(self, written_bytes: int) -> None:
        """Leave a part of the latest write undone, as a kill in the midst of it does."""
        end = self._written[1]
        kept = self._world.between(end - written_bytes, end)
        self._zero(kept, end)

    def lose_power(self) -> None:
        """Lose what was never forced to the disk: all from some point on, or sectors of it."""
        begin, end = self._synced_end, self._written[1]
        kept = self._world.between(begin, max(begin, end))
        self._zero(kept, end)
        if self._world.chance(0.5):
            first = begin + self._world.between(0, max(0, kept - begin))
            self._zero(max(begin, first - first % SECTOR_BYTES), min(kept, first + SECTOR_BYTES))
        self._world.note(f"power lost, journal {end} -> {kept} of which {begin} were forced")

    def _zero(self, begin: int, end: int) -> None:
        if begin < end:
            file = os.open(self.path, os.O_WRONLY)
            os.pwrite(file, bytes(end - begin), begin)
            os.close(file)

    def _take_room(self, file: int, offset: int, length: int) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "the simulated disk is full")
        allocate(file, offset, length)

    def _note_write(self, file: int, data: bytes, position: int) -> None:
        _write(file, data, position)
        end = position + len(data)
        if not any(data):  # an old tail is cut off
            self._written = (position, position)
        elif position:
            self._written = (position, end)
        elif len(data) > HEAD_BYTES:  # a whole new file, which takes the place of the old at once
            self._written = (end, end)

    def _note_fsync(self, file: int) -> None:
        if stat.S_ISREG(os.fstat(file).st_mode):
            self._synced_end = self._written[1]

    def _this_boot(self) -> str:
        return f"boot-{self._world.boot_count}"
