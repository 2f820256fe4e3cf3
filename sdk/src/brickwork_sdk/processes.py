"""Who a process is, so that a reused pid is never mistaken for it."""

from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process of this machine, past or present.

    Attributes:
        pid: process id in the pid namespace of whoever wrote this down.
        start_ticks: clock ticks between the machine's boot and its start.
        boot_id: id that the kernel drew at boot.
    """

    pid: int
    start_ticks: int
    boot_id: str


def identify(pid: int) -> ProcessIdentity | None:
    """Tell who has this pid now, or None when nobody runs under it.

    A zombie runs no more: it holds no memory, so it counts as gone.
    Source: proc(5), /proc/[pid]/stat; the fields after the last parenthesis begin with 3 (state)
    and field 22 is starttime.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return ProcessIdentity(pid, int(fields[19]), _BOOT_ID.read_text().strip())
