"""How long a mesh takes to be ready, and what it costs while it has nothing to do."""

import os
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tools.bench.cost import between, mesh_seconds, told
from tools.bench.plain_engines import MODELS
from tools.bench.row import Row, at_most
from tools.bench.warm_mesh import mesh

WARM_STARTS = 5
IDLE_SECONDS = 60.0
_SETTLE_SECONDS = 5.0


def measure(idle_seconds: float = IDLE_SECONDS) -> Iterator[Row | str]:
    """Yield the time to ready, cold and warm, and the CPU of an idle mesh."""
    dropped = drop_from_page_cache(Path(sys.prefix), Path(sysconfig.get_path("stdlib")), MODELS)
    yield f"{dropped / 1024**2:,.0f} MiB of files dropped from the page cache"
    cold_seconds, process_count = _start()
    yield Row(
        "start to ready, cold",
        cold_seconds,
        "s",
        None,
        f"{process_count} processes, no model loaded; {dropped / 1024**2:,.0f} MiB of files of the "
        "environment, of Python and of the models dropped from the page cache before, but for "
        "what a running process maps; once",
    )
    starts = [_start()[0] for _ in range(WARM_STARTS)]
    yield Row(
        "start to ready, warm",
        median(starts),
        "s",
        None,
        f"{process_count} processes, no model loaded; median of {len(starts)}, "
        f"{min(starts):.2f} to {max(starts):.2f} s",
    )
    with mesh() as state:
        time.sleep(_SETTLE_SECONDS)
        before, began = mesh_seconds(state), time.monotonic()
        time.sleep(idle_seconds)
        spent = between(before, mesh_seconds(state))
        minutes = (time.monotonic() - began) / 60
    yield Row(
        "CPU of a mesh that has nothing to do, for each minute",
        sum(spent.values()) / minutes,
        "CPU-s",
        at_most(3.0),
        f"no job, no model loaded, {idle_seconds:g} s: {told(spent)}",
    )


def drop_from_page_cache(*folders: Path) -> int:
    """Let the kernel forget files that it holds in memory; return how many bytes were named.

    Source: posix_fadvise(2), POSIX_FADV_DONTNEED; it needs no privilege and touches nobody else.
    """
    size_bytes = 0
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    size_bytes += os.fstat(descriptor).st_size
                finally:
                    os.close(descriptor)
    return size_bytes


def _start() -> tuple[float, int]:
    """Return how long a mesh took to be ready, and how many processes it has."""
    began = time.monotonic()
    with mesh() as state:
        return time.monotonic() - began, len(state.processes) + 1
