"""The most memory that a process held at once.

Source: proc(5), VmHWM in /proc/[pid]/status, and /proc/[pid]/clear_refs, where a 5 sets it back to
what is held now.
"""

import os
from pathlib import Path


def peak_bytes(pid: int) -> int:
    """Return the highest resident size of a process since it began or was reset."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"{pid} holds no memory")


def reset_peak(pid: int | None = None) -> None:
    """Forget the peak so far."""
    Path(f"/proc/{pid or os.getpid()}/clear_refs").write_text("5")
