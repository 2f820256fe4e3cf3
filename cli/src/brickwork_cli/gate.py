"""Wait for a word, then run a program: `python -I -S gate.py DESCRIPTOR PROGRAM WORDS...`.

A process keeps its identity when it becomes another program (execve(2)). So a lease can name it to
the broker, and limit it, before the program has used any memory. Without the word, because whoever
had it to give is gone, the program is not run.
"""

import os
import sys


def main() -> int:
    """Wait for a byte on the descriptor, then become the program."""
    descriptor, program = int(sys.argv[1]), sys.argv[2:]
    if not os.read(descriptor, 1):
        return 1
    os.close(descriptor)
    os.execv(program[0], program)  # noqa: S606 - a list of words, no shell


if __name__ == "__main__":
    raise SystemExit(main())
