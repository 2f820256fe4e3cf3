"""See processes and memory as they are: the only source of evidence.

A probe may be silent about bytes, but never wrong about death: what it cannot see, it does not
call gone.
"""

import logging
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node import process_memory, procfs
from brickwork_broker.node.process_memory import Peaks

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

LIMIT_SECONDS = 5.0
"""How often the limits of control groups are read again: they take longer than all else."""

_log = logging.getLogger(__name__)


class Probe(Protocol):
    """See one device and the processes of this machine."""

    @property
    def device(self) -> str:
        """Name of the device, such as `host` or `cuda:0`."""
        ...

    def look(self, processes: Collection[Process]) -> Sight:
        """Look at the device and at these processes; on any thread, and blocking.

        A probe that cannot see is silent: it names nothing that it does not know.
        """
        ...


class Finder(Protocol):
    """Know a process by the name that it gives itself."""

    def is_gone(self, process: Process) -> bool | None:
        """Tell whether a process has ended, or None where that takes a look to know.

        Args:
            process: as the probe sees it.
        """
        ...

    def recall(self, named: Process, namespace: int) -> Process | None:
        """Return a process as `find` would if that takes no time at all, or else None."""
        ...

    def find(self, named: Process, namespace: int) -> Process | None:
        """Return a process as the probe sees it, or None if it cannot; blocking.

        Args:
            named: as it is seen in its own pid namespace.
            namespace: inode of that; 0 is that of the probe.

        Raises:
            Busy: BRICK_UNREACHABLE, the probe runs elsewhere and does not answer.
        """
        ...


class HostProbe:
    """See the memory of this machine, or of the cgroup that the broker runs in.

    Args:
        proc: where procfs is mounted.
        cgroup: where the control groups are mounted, version 1 or 2.
    """

    device = "host"

    def __init__(self, proc: Path = PROC, cgroup: Path = CGROUP) -> None:
        self._proc = proc
        self._cgroup = cgroup
        self._boot_id = (proc / "sys/kernel/random/boot_id").read_text().strip()
        self._peaks = Peaks()
        self._limit_bytes: int | None = None
        self._limit_read_at = -LIMIT_SECONDS

    def look(self, processes: Collection[Process]) -> Sight:
        """Look at the machine and at these processes."""
        total_bytes, used_bytes = self._device()
        gone: set[Process] = set()
        readings: dict[Process, int] = {}
        peaks: dict[Process, int] = {}
        activity: dict[Process, float] = {}
        for process in processes:
            try:
                stat = self._live_stat(process)
                if stat is None:
                    gone.add(process)
                    continue
                activity[process] = (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND
                memory = process_memory.read(f"{self._proc}/{process.pid}")
                if memory is not None:
                    readings[process] = memory.own_bytes
                    peaks[process] = self._peaks.raise_to(process, memory)
            except OSError:
                # What cannot be seen is neither gone nor read, and hides nobody else.
                _log.exception("probe_failed", extra={"pid": process.pid})
        self._peaks.forget(gone)
        return Sight(
            device=self.device,
            total_bytes=total_bytes,
            used_bytes=used_bytes,
            gone=frozenset(gone),
            readings=readings,
            peaks=peaks,
            activity=activity,
        )

    def is_gone(self, process: Process) -> bool:
        """Tell whether a process has ended; one of another boot has."""
        return self._live_stat(process) is None

    def _device(self) -> tuple[int, int | None]:
        """Return the memory of the machine and what is used of it, or the limit of the cgroup."""
        now = time.monotonic()
        if now - self._limit_read_at >= LIMIT_SECONDS:
            self._limit_bytes, self._limit_read_at = min(self._cgroup_limits(), default=None), now
        fields = procfs.fields_in_bytes(procfs.read(f"{self._proc}/meminfo"))
        total_bytes = fields["MemTotal"]
        if self._limit_bytes is not None and self._limit_bytes < total_bytes:
            return self._limit_bytes, None
        return total_bytes, total_bytes - fields["MemAvailable"]

    def _cgroup_limits(self) -> Iterator[int]:
        """Yield every limit on the broker's own control group and on those around it.

        Source: cgroups(7), /proc/pid/cgroup; the hierarchy of version 2 names no controllers.
        """
        for line in (self._proc / "self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                root, name = self._cgroup, "memory.max"
            elif "memory" in controllers.split(","):
                root, name = self._cgroup / "memory", "memory.limit_in_bytes"
            else:
                continue
            folder = root / path.lstrip("/")
            for place in (folder, *folder.parents):
                limit = place / name
                if place.is_relative_to(root) and limit.exists():
                    text = limit.read_text().strip()
                    if text != "max":
                        yield int(text)

    def _live_stat(self, process: Process) -> list[bytes] | None:
        """Return the fields of a process's `stat` from the third on, or None if it is gone.

        A zombie holds no memory once its last thread has ended.
        Source: proc(5), /proc/pid/stat, fields 3 (state), 14 and 15 (utime, stime), 20
        (num_threads), 22 (starttime).
        """
        if process.boot_id != self._boot_id:
            return None
        try:
            text = procfs.read(f"{self._proc}/{process.pid}/stat")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The second field is the program's name in brackets and may itself hold anything.
        stat = text.rpartition(b")")[2].split()
        is_dead = stat[0] in {b"Z", b"X"} and int(stat[17]) <= 1
        return None if is_dead or int(stat[19]) != process.start_ticks else stat
