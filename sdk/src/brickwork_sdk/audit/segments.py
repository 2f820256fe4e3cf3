"""Find the files of an audit log and the lines in them."""

import re
from collections.abc import Iterator
from pathlib import Path

from brickwork_sdk.audit.record import Record, record_of

_NAME = re.compile(r"segment-(\d{6,})\.jsonl")


def segment_path(folder: Path, number: int) -> Path:
    """Return where a segment lies; the first has number 1."""
    return folder / f"segment-{number:06}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """Return the numbers of the segments that are there, the oldest first."""
    if not folder.is_dir():
        return []
    names = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(name[1]) for name in names if name is not None)


def lines_of(path: Path) -> tuple[list[bytes], bytes]:
    """Return the lines of a segment, each without its end, and what has no end yet."""
    *lines, torn = path.read_bytes().split(b"\n")
    return lines, torn


def all_lines(folder: Path) -> Iterator[bytes]:
    """Yield the lines of a log, the oldest first.

    What has no end yet is left out where it is being written, in the newest segment; anywhere else
    nobody writes any more, so that there it is a line like the others.
    """
    numbers = segment_numbers(folder)
    for number in numbers:
        lines, torn = lines_of(segment_path(folder, number))
        yield from lines
        if torn and number != numbers[-1]:
            yield torn


def records_of(folder: Path) -> Iterator[Record]:
    """Yield the records of a log, the oldest first, less those that cannot be read."""
    for line in all_lines(folder):
        try:
            yield record_of(line)
        except ValueError:
            continue  # `check_chain` is who names them
