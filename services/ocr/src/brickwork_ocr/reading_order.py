"""The order in which a person reads the lines of a page."""

from collections.abc import Iterable

from brickwork_ocr.engine import Line


def in_reading_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Sort lines from top to bottom, and those of one row from left to right.

    Two lines share a row when the middle of the lower one lies within the height of the
    first line of that row. Columns are therefore read across, as the rows of a table are.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box.top_px, line.box.left_px)):
        middle_px = (line.box.top_px + line.box.bottom_px) / 2
        if rows and middle_px <= rows[-1][0].box.bottom_px:
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda line: line.box.left_px))


def text_of(lines: Iterable[Line]) -> str:
    """Join the lines by line breaks."""
    return "\n".join(line.text for line in lines)
