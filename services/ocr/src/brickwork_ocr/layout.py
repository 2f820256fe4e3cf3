"""What a page is made of, told by geometry alone: titles, paragraphs, tables and the rest.

No network has learned what pages look like. It goes by the heights of lines against that of the
running text, by the distances between them, and by what stands below what.
"""

from collections.abc import Iterable, Iterator, Sequence

from brickwork_ocr.engine import Box, Line, Region, RegionKind
from brickwork_ocr.reading_order import Row, blocks

TITLE_HEIGHTS_MIN = 1.3
"""A title is so many times higher than the running text. Boxes of one size differ by a fifth, as
some lines have no letter that goes below."""
TITLE_ROWS_MAX = 3
ALIKE_HEIGHTS_MAX = 1.35
"""Lines of one paragraph differ in height by this factor at most."""
PARAGRAPH_GAP_MAX = 0.9
"""Within a paragraph the gap between two lines is less than so many heights of a line."""
TABLE_ROWS_MIN = 3
TABLE_GAP_MAX = 2.5
"""Rows of a table may stand further apart than lines of a paragraph."""
LONG_HEIGHTS_MIN = 12.0
"""A single line is a paragraph when it is so many times wider than high: two dozen letters."""


def regions_of(lines: Sequence[Line]) -> tuple[Region, ...]:
    """Put the lines of a page together to regions in reading order; each line is in one."""
    body_px = _body_height_px(lines)
    found: list[Region] = []
    for block in blocks(lines):
        for is_table, part in _parted(block):
            if is_table:
                found.append(_region("table", part))
            else:
                found += [_region(_kind(one, body_px), one) for one in _paragraphs(part)]
    return tuple(found)


def _parted(block: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Part the rows of a block into tables and what stands between them."""
    between: list[Row] = []
    at = 0
    while at < len(block):
        end = at + 1
        while end < len(block) and _goes_on(block[end - 1], block[end]):
            end += 1
        if end - at >= TABLE_ROWS_MIN:
            if between:
                yield False, between
            yield True, list(block[at:end])
            between = []
        else:
            between += block[at:end]
        at = end
    if between:
        yield False, between


def _goes_on(above: Row, below: Row) -> bool:
    """Tell whether two rows can be of one table: two pieces each that stand below each other.

    Two columns of pieces have to overlap, and nothing of the lower row may lie below two.
    """
    if min(len(above), len(below)) < 2 or _gap(above, below) > TABLE_GAP_MAX:
        return False
    pairs = [[one for one in above if _overlap_px(one.box, other.box) > 0] for other in below]
    return sum(bool(found) for found in pairs) >= 2 and all(len(found) <= 1 for found in pairs)


def _paragraphs(part: Iterable[Row]) -> Iterator[list[Row]]:
    """Part rows where a gap or another height of lines says that something new begins."""
    rows: list[Row] = []
    for row in part:
        if rows and not _belongs(rows[-1], row):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _belongs(above: Row, below: Row) -> bool:
    heights = sorted((_height_px(above), _height_px(below)))
    is_near = _gap(above, below) <= PARAGRAPH_GAP_MAX
    is_alike = heights[1] <= ALIKE_HEIGHTS_MAX * heights[0]
    is_below = _overlap_px(_enclosing(above), _enclosing(below)) > 0
    return is_near and is_alike and is_below


def _kind(rows: Sequence[Row], body_px: float) -> RegionKind:
    height_px = max(map(_height_px, rows))
    if len(rows) <= TITLE_ROWS_MAX and height_px >= TITLE_HEIGHTS_MIN * body_px:
        return "title"
    width_px = max(line.box.right_px - line.box.left_px for line in rows[0])
    is_long = width_px >= LONG_HEIGHTS_MIN * height_px
    return "paragraph" if len(rows) > 1 or is_long else "other"


def _region(kind: RegionKind, rows: Iterable[Row]) -> Region:
    lines = tuple(line for row in rows for line in row)
    return Region(kind, _enclosing(lines), lines)


def _body_height_px(lines: Sequence[Line]) -> float:
    """Return the height of the running text: the median of all letters, wherever they stand."""
    heights = sorted((line.box.bottom_px - line.box.top_px, len(line.text)) for line in lines)
    left = sum(count for _, count in heights) / 2
    for height_px, count in heights:
        left -= count
        if left <= 0:
            return height_px
    return 0.0


def _gap(above: Row, below: Row) -> float:
    """Return the gap between two rows in heights of a line; below 0 where they overlap."""
    gap_px = min(line.box.top_px for line in below) - max(line.box.bottom_px for line in above)
    return gap_px / max(1.0, min(_height_px(above), _height_px(below)))


def _height_px(row: Row) -> float:
    return sum(line.box.bottom_px - line.box.top_px for line in row) / len(row)


def _overlap_px(one: Box, other: Box) -> int:
    return min(one.right_px, other.right_px) - max(one.left_px, other.left_px)


def _enclosing(lines: Sequence[Line]) -> Box:
    return Box(
        min(line.box.left_px for line in lines),
        min(line.box.top_px for line in lines),
        max(line.box.right_px for line in lines),
        max(line.box.bottom_px for line in lines),
    )
