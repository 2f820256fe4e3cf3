"""Read files of procfs quickly: thousands of them are read twice a second.

They are bytes, since the name of a program may be no text at all.
"""

import re
from io import FileIO

_FIELDS = re.compile(
    rb"^(MemTotal|MemAvailable|VmHWM|RssAnon|RssFile|RssShmem):\s+(\d+) kB$", re.MULTILINE
)


def read(path: str) -> bytes:
    """Return the content of a file; `pathlib` and a decoder would take three times as long.

    Raises:
        OSError: it cannot be read; FileNotFoundError or ProcessLookupError, its process has ended.
    """
    with FileIO(path) as file:
        return file.read()


def fields_in_bytes(text: bytes) -> dict[str, int]:
    """Return those fields of `meminfo` or `status` that a probe needs, in bytes.

    A program cannot name itself a field: the kernel writes what ends a line in its name otherwise.
    Source: proc(5), /proc/meminfo and /proc/pid/status; `kB` are KiB.
    """
    return {name.decode(): int(kib) * 1024 for name, kib in _FIELDS.findall(text)}
