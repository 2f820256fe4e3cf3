"""A process that holds memory for the LLM server of a test: `python -m ...llm_runner`.

It reads a number of bytes from each line of its input, holds that many from then on, all of them
touched, and answers with the number. At the end of its input it ends.
"""

import mmap
import sys


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
