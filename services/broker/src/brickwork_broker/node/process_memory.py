"""Read how much memory a process has of its own, now and at the most.

Its own are private pages and shared memory. Pages of files, such as libraries and mapped weights,
are not: the kernel shares them between processes and can drop them. Pages that are swapped out are
not either, since they lie on no memory that others could lack.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass

from brickwork_broker.core.request import Process
from brickwork_broker.node import procfs

KNOWN_MAX = 10_000
"""Of how many processes the peak is remembered."""


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Hold what a process has in memory: its own, pages of files, and the most of both together."""

    own_bytes: int
    file_bytes: int
    peak_bytes: int


def read(folder: str) -> ProcessMemory | None:
    """Read the memory of a process, or return None where it shows none.

    Source: proc(5), /proc/pid/status.

    Args:
        folder: that of the process in procfs.
    """
    try:
        fields = procfs.fields_in_bytes(procfs.read(f"{folder}/status"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    if "RssAnon" not in fields:
        return None
    return ProcessMemory(
        own_bytes=fields["RssAnon"] + fields["RssShmem"],
        file_bytes=fields["RssFile"],
        peak_bytes=fields["VmHWM"],
    )


class Peaks:
    """Remember the most that each process has had of its own.

    The kernel keeps the highest sum of a process's own memory and its pages of files. Whenever
    that has grown, the process has had as much less the pages of files: those that it has now, if
    it keeps what it maps. If it has let some go meanwhile, this says too much.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Process, tuple[int, int]] = {}

    def raise_to(self, process: Process, memory: ProcessMemory) -> int:
        """Take a reading in and return the peak so far, in bytes."""
        with self._lock:
            own_peak_bytes, kernel_peak_bytes = self._known.pop(process, (0, 0))
            own_peak_bytes = max(own_peak_bytes, memory.own_bytes)
            if memory.peak_bytes > kernel_peak_bytes:
                own_peak_bytes = max(own_peak_bytes, memory.peak_bytes - memory.file_bytes)
            self._known[process] = own_peak_bytes, memory.peak_bytes
            if len(self._known) > KNOWN_MAX:
                del self._known[next(iter(self._known))]
            return own_peak_bytes

    def forget(self, gone: Collection[Process]) -> None:
        """Let processes that are gone go."""
        with self._lock:
            for process in gone:
                self._known.pop(process, None)
