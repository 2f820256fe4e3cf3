"""Processes that have lost their parent, of a program that runs under a lease.

Source: prctl(2), PR_SET_CHILD_SUBREAPER.
"""

import ctypes
import os
from contextlib import suppress

from brickwork_sdk.leases.family import all_pids, parent_of

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of whatever this process's descendants leave behind.

    So nothing that was started under a lease gets out of sight by losing its own parent.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans(besides: int) -> None:
    """Take note of the adopted processes that have ended, so that none stays as a zombie.

    Args:
        besides: this process's own child, which others wait for.
    """
    for child in all_pids():
        if child != besides and parent_of(child) == os.getpid():
            with suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)
