"""Run a program that dies with its parent: `python -I -S tether.py PARENT_PID PROGRAM WORDS...`.

A supervisor that is killed cannot end its children; the kernel can. It is a program of its own,
and not code between fork and exec, because that is unsafe in a process with threads. It imports
as little as it can: it starts before every process of the mesh.
Source: prctl(2), PR_SET_PDEATHSIG, which execve(2) preserves.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Tie this process to its parent, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 1  # the parent died before the tie held
    os.execv(program[0], program)  # noqa: S606 - a list of words, no shell


if __name__ == "__main__":
    raise SystemExit(main())
