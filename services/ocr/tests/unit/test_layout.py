"""What a page is made of, and in which order it is read."""

from itertools import count

import pytest

from brickwork_ocr.engine import Box, Line, RegionKind
from brickwork_ocr.layout import regions_of
from brickwork_ocr.reading_order import in_reading_order

HEIGHT_PX = 20
PITCH_PX = 26


def line(text: str, left_px: int, top_px: int, width_px: int, height_px: int = HEIGHT_PX) -> Line:
    return Line(text, 0.9, Box(left_px, top_px, left_px + width_px, top_px + height_px))


def prose(name: str, left_px: int, top_px: int, rows: int, width_px: int = 300) -> list[Line]:
    """Set a paragraph, each of its lines numbered and the last one short."""
    return [
        line(
            f"{name}{row}, a line of it",
            left_px,
            top_px + row * PITCH_PX,
            width_px // 2 if row == rows - 1 else width_px,
        )
        for row in range(rows)
    ]


def table(left_px: int, top_px: int, rows: int, columns: int = 3) -> list[Line]:
    return [
        line(f"r{row}c{column}", left_px + column * 150, top_px + row * 30, 60)
        for row in range(rows)
        for column in range(columns)
    ]


def kinds(lines: list[Line]) -> list[tuple[RegionKind, int]]:
    return [(region.kind, len(region.lines)) for region in regions_of(lines)]


def names(lines: list[Line]) -> list[str]:
    return [line.text.partition(",")[0] for line in in_reading_order(lines)]


TITLE = line("A title over both columns", 100, 10, 600, 44)
LEFT, RIGHT = prose("l", 40, 100, 6), prose("r", 400, 102, 6)


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    expected = [f"{side}{row}" for side in "lr" for row in range(6)]
    assert names(RIGHT + LEFT) == expected
    assert names([TITLE, *RIGHT, *LEFT])[1:] == expected


def test_what_crosses_the_gutter_parts_the_columns() -> None:
    figure = line("caption, over both", 60, 300, 620)
    below = prose("m", 40, 340, 5) + prose("s", 400, 340, 5)
    found = names([*below, figure, *RIGHT, *LEFT])
    assert found == [
        *(f"l{row}" for row in range(6)),
        *(f"r{row}" for row in range(6)),
        "caption",
        *(f"m{row}" for row in range(5)),
        *(f"s{row}" for row in range(5)),
    ]


def test_three_columns_are_read_in_turn() -> None:
    columns = [prose(name, left, 50, 4, 250) for name, left in (("a", 0), ("b", 300), ("c", 600))]
    found = names([line for column in reversed(columns) for line in column])
    assert found == [f"{name}{row}" for name in "abc" for row in range(4)]


def test_a_table_is_read_row_by_row() -> None:
    expected = [f"r{row}c{column}" for row in range(5) for column in range(3)]
    assert names(table(50, 50, 5)) == expected


@pytest.mark.parametrize("rows", [3, 8])
def test_rows_of_cells_below_each_other_are_a_table(rows: int) -> None:
    page = [*prose("p", 50, 50, 3, 500), *table(50, 180, rows), *prose("q", 50, 600, 3, 500)]
    assert kinds(page) == [("paragraph", 3), ("table", 3 * rows), ("paragraph", 3)]


def test_two_rows_are_no_table_yet() -> None:
    assert "table" not in {kind for kind, _ in kinds(table(50, 50, 2))}


def test_a_high_line_is_a_title_and_a_short_one_something_else() -> None:
    page = [TITLE, *prose("p", 50, 100, 4, 600), line("7", 390, 900, 14)]
    assert kinds(page) == [("title", 1), ("paragraph", 4), ("other", 1)]


def test_a_gap_parts_paragraphs() -> None:
    page = [*prose("p", 50, 100, 3, 600), *prose("q", 50, 240, 2, 600)]
    assert kinds(page) == [("paragraph", 3), ("paragraph", 2)]


def test_one_long_line_is_a_paragraph() -> None:
    assert kinds([line("A line that stands alone", 50, 50, 400)]) == [("paragraph", 1)]


def test_regions_of_columns_come_in_reading_order_and_hold_every_line() -> None:
    page = [TITLE, *RIGHT, *LEFT]
    found = regions_of(page)
    assert [(region.kind, region.lines[0].text[0]) for region in found] == [
        ("title", "A"),
        ("paragraph", "l"),
        ("paragraph", "r"),
    ]
    assert sorted(line.text for region in found for line in region.lines) == sorted(
        line.text for line in page
    )
    assert found[1].box == Box(40, 100, 340, 100 + 5 * PITCH_PX + HEIGHT_PX)


def test_a_page_without_lines_has_no_regions() -> None:
    assert regions_of([]) == ()
    assert in_reading_order([]) == ()


def test_a_page_of_a_thousand_lines_is_put_in_order() -> None:
    number = count()
    page = [
        line(f"{next(number)},", 10 + 500 * column, 30 * row, 400)
        for column in range(3)
        for row in range(350)
    ]
    assert names(page[::-1]) == [str(at) for at in range(1050)]
