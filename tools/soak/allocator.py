"""Really have memory: `python allocator.py`, which takes what each line of its input says.

A line is a number of bytes; its answer, once they are there, is the same line. It ends with its
input, as an engine ends with its brick. The standard library alone, so that it is small itself.
"""

import mmap
import sys

PIECE_BYTES = 2 * 1024**2


def main() -> None:
    """Have as much as each line says, every page of it written to."""
    content = b"\1" * PIECE_BYTES
    pieces: list[mmap.mmap] = []
    for line in sys.stdin:
        wanted = int(line) // PIECE_BYTES
        while len(pieces) > wanted:
            pieces.pop().close()
        while len(pieces) < wanted:
            piece = mmap.mmap(-1, PIECE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            piece.write(content)
            pieces.append(piece)
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
