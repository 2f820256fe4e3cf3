"""All processes below one: a program under a lease may start others.

Source: proc(5), /proc/pid/stat, field 4 (ppid), and /proc/pid/status, SigCgt.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from brickwork_sdk.processes import ProcessIdentity, identify


def descendants(pid: int) -> list[ProcessIdentity]:
    """Return the living processes below one, wherever they are below it."""
    parents = {child: parent for child in all_pids() if (parent := parent_of(child)) is not None}
    found, front = [], {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front}
        found += [identity for child in front if (identity := identify(child)) is not None]
    return found


def signalled(processes: list[ProcessIdentity], number: int) -> None:
    """Send a signal to each of these that still runs, and to none that took over its pid."""
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            descriptor = os.pidfd_open(process.pid)
            try:
                if identify(process.pid) == process:
                    signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)


def catches(process: ProcessIdentity, number: int) -> bool:
    """Tell whether a process has a handler for a signal; one without would die of it."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def all_pids() -> list[int]:
    """List the processes that are there now."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent_of(pid: int) -> int | None:
    """Return the parent of a process, which may be a zombie; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])
