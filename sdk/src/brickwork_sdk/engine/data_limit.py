"""What an engine process does by itself to keep to its budget.

The brick looks a few times a second and may be too late: within that time a process can take all
memory of a machine. So the kernel refuses what is far beyond the budget, and the allocation fails
where it is made.
"""

import ctypes
import errno
import os
import resource

from brickwork_sdk.processes import memory_sizes

MARGIN_BYTES = 2**30
"""Room for what is reserved and never touched: bergamot reserves 0.9 GiB while it loads."""
_COMPLAINTS = ("bad_alloc", "allocate memory", "out of memory", "can't start new thread")
"""What libraries say that have no class for it: C++, ONNX Runtime, CUDA, CPython."""
_REFUSALS = (errno.ENOMEM, errno.EAGAIN)
"""What the system says; the second when there is no room for the stack of a thread, on which libav
would have the recording taken for damaged. Source: pthread_create(3)."""


def limit_data(budget_bytes: int) -> None:
    """Let the kernel refuse memory beyond a budget; called again, it moves the limit.

    The limit counts what is reserved and not what is used: stacks of threads, and arrays nobody has
    written to yet. So what is reserved and unused now is allowed on top.
    Source: getrlimit(2), RLIMIT_DATA; proc(5), VmData and RssAnon of /proc/[pid]/status.
    """
    sizes = memory_sizes(os.getpid())
    unused_bytes = max(0, sizes["VmData"] - sizes["RssAnon"])
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit_bytes = budget_bytes + unused_bytes + MARGIN_BYTES
    if hard != resource.RLIM_INFINITY:
        limit_bytes = min(limit_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, hard))


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or what led to it, says that memory was refused."""
    while error is not None:
        if isinstance(error, MemoryError) or any(words in str(error) for words in _COMPLAINTS):
            return True
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            return True
        error = error.__cause__ or error.__context__
    return False


def close_holes() -> None:
    """Give pages in the heap that nobody uses back to the machine.

    Large arrays, each time of another size, leave holes in which nothing fits.
    Source: malloc_trim(3), of glibc.
    """
    ctypes.CDLL(None).malloc_trim(0)
