"""Telling a full disk from every other fault of a file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from brickwork_sdk.errors import NoCapacity, Reason


def is_full(error: OSError) -> bool:
    """Tell whether the disk, or what its owner may use of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def full_disk_told(message: str) -> Iterator[None]:
    """Turn a full disk inside into STORAGE_FULL with this message; let all else pass.

    Raises:
        NoCapacity: STORAGE_FULL.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise NoCapacity(Reason.STORAGE_FULL, message) from error
