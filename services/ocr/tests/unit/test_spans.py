from brickwork_ocr.engine import Box, Line, TimedText
from brickwork_ocr.spans import Spans


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text, 0.9, Box(0, 0, 10, 10)) for text in texts)


def told(*readings: tuple[int, int, tuple[Line, ...]], end_ms: int) -> list[tuple[int, int, str]]:
    spans = Spans()
    texts: list[TimedText] = []
    for left_ms, start_ms, what in readings:
        texts += spans.show(left_ms, start_ms, what)
    texts += spans.end(end_ms)
    return [(text.start_ms, text.end_ms, text.text) for text in texts]


def test_text_lasts_until_its_picture_was_left() -> None:
    assert told((0, 0, lines("A", "a")), (3000, 4000, lines("B")), end_ms=9000) == [
        (0, 3000, "A\na"),
        (4000, 9000, "B"),
    ]


def test_equal_texts_that_follow_each_other_are_one() -> None:
    readings = (0, 0, lines("One two")), (3000, 3000, lines("one  Two")), (5000, 5000, lines("3"))
    assert told(*readings, end_ms=9000) == [(0, 5000, "One two"), (5000, 9000, "3")]


def test_number_that_grows_is_another_text() -> None:
    assert len(told((0, 0, lines("Year 2025")), (5, 5, lines("Year 2026")), end_ms=9)) == 2


def test_text_that_comes_back_after_another_is_told_again() -> None:
    readings = (0, 0, lines("A")), (2, 2, lines("B")), (4, 4, lines("A"))
    assert [text for *_, text in told(*readings, end_ms=6)] == ["A", "B", "A"]


def test_empty_picture_ends_a_text_and_is_none_itself() -> None:
    assert told((0, 0, lines("A")), (2, 2, ()), (4, 4, lines("A")), end_ms=6) == [
        (0, 2, "A"),
        (4, 6, "A"),
    ]


def test_video_without_text_has_none() -> None:
    assert told((0, 0, ()), end_ms=6) == []
