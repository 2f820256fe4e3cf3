"""Who a process is, so that a reused pid is never mistaken for it, and what it does."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PRIVATE_KIB = re.compile(rb"^(?:RssAnon|VmSwap):\s*(\d+) kB$", re.MULTILINE)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process of this machine, past or present.

    Attributes:
        pid: process id in `pid_namespace`.
        start_ticks: clock ticks between the machine's boot and its start.
        boot_id: id that the kernel drew at boot.
        pid_namespace: inode of the pid namespace of whoever wrote this down; a container usually
            has one of its own. 0 is that of whoever reads it.
    """

    pid: int
    start_ticks: int
    boot_id: str
    pid_namespace: int = 0


def identify(pid: int) -> ProcessIdentity | None:
    """Tell who has this pid now, or None when nobody runs under it.

    A zombie runs no more: it holds no memory, so it counts as gone.
    Source: proc(5), /proc/[pid]/stat; the fields after the last parenthesis begin with 3 (state)
    and field 22 is starttime.
    """
    fields = _stat(pid)
    if fields is None:
        return None
    boot_id, namespace = _BOOT_ID.read_text().strip(), _PID_NAMESPACE.stat().st_ino
    return ProcessIdentity(pid, int(fields[19]), boot_id, namespace)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used over all its threads; 0 when it is gone.

    Source: proc(5), fields 14 (utime) and 15 (stime), in clock ticks.
    """
    fields = _stat(pid)
    if fields is None:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone.

    Source: proc(5), /proc/[pid]/statm, the second field, in pages.
    """
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def private_bytes(pid: int) -> int:
    """Return the memory that ends with a process, in RAM or swapped out; 0 when it is gone.

    Pages of files, such as libraries and weights that are mapped, belong to the page cache: others
    share them, and the kernel takes them back by itself. ADR 0047 has what else could be read.
    Source: proc(5), /proc/[pid]/status, RssAnon and VmSwap; the kernel counts both as it goes.
    """
    # Searched and not taken apart: every engine is looked at four times a second.
    return sum(int(kib) * 1024 for kib in _PRIVATE_KIB.findall(_status(pid)))


def memory_sizes(pid: int) -> dict[str, int]:
    """Return the sizes that the kernel tells of a process, in bytes; none when it is gone.

    Source: proc(5), /proc/[pid]/status, the lines in kB.
    """
    lines = _status(pid).decode(errors="replace").splitlines()
    words = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, _ in words}


def _status(pid: int) -> bytes:
    """Return what the kernel tells of a process; nothing when it is gone."""
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _stat(pid: int) -> list[str] | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields
