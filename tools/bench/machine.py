"""On what was measured."""

import os
import platform
import re
from pathlib import Path

import psutil


def machine() -> str:
    """Describe processor, cores that this process may use, memory and interpreter."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    processor = found[1].strip() if found else platform.machine()
    gibibytes = psutil.virtual_memory().total / 1024**3
    python = platform.python_version()
    return f"{core_count()} cores of {processor}, {gibibytes:.0f} GiB, CPython {python}"


def core_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
