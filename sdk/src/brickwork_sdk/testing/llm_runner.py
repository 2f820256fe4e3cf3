"""A process that holds memory for the LLM server of a test: `python -m ...llm_runner`.

It reads a number of bytes from each line of its input, holds that many from then on, all of them
touched, and answers with the number. At the end of its input it ends.
"""

import mmap
import subprocess
import sys


class Runner:
    """A child that holds memory."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "brickwork_sdk.testing.llm_runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hold(self, size_bytes: int) -> None:
        """Hold so much from now on; return once it is so."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{size_bytes}\n")
        self._child.stdin.flush()
        self._child.stdout.readline()

    def kill(self) -> None:
        """End it; return once it is reaped."""
        self._child.kill()
        self._child.communicate()


def main() -> None:
    """Hold what is asked for until nobody asks any more."""
    held: mmap.mmap | None = None
    for line in sys.stdin:
        size_bytes = int(line)
        if held is not None:
            held.close()  # to the kernel at once, unlike the memory of a bytes object
            held = None
        if size_bytes:
            held = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            for start in range(0, size_bytes, mmap.PAGESIZE):
                held[start] = 1
        sys.stdout.write(f"{size_bytes}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
