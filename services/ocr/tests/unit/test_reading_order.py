from itertools import permutations

from brickwork_ocr.engine import Box, Line
from brickwork_ocr.reading_order import in_reading_order, text_of


def line(text: str, left_px: int, top_px: int, height_px: int = 20) -> Line:
    return Line(text, 0.9, Box(left_px, top_px, left_px + 100, top_px + height_px))


def test_lines_go_from_top_to_bottom_and_rows_from_left_to_right() -> None:
    # The right part of the first row stands a little higher than its left part.
    page = [line("one", 10, 14), line("two", 200, 10), line("three", 10, 40), line("four", 200, 44)]
    for shuffled in permutations(page):
        assert text_of(in_reading_order(shuffled)) == "one\ntwo\nthree\nfour"


def test_slanted_lines_do_not_melt_into_one_row() -> None:
    steps = [line(str(number), 100 * (9 - number), 15 * number) for number in range(9)]
    assert text_of(in_reading_order(steps)) == "\n".join(str(number) for number in range(9))


def test_page_without_lines_is_an_empty_text() -> None:
    assert text_of(in_reading_order([])) == ""
