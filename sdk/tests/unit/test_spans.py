"""Spans of time as people write them."""

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.spans import format_span, parse_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60m", 3600), ("90s", 90), ("45", 45), ("1.5 h", 5400), ("2d", 172_800), ("10min", 600)],
)
def test_a_span_is_read(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "-1m", "1 year", "soon", "1e3", "inf", "9" * 40])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BrickworkError) as caught:
        parse_span(text)
    assert caught.value.reason is Reason.ARGUMENT_INVALID


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (119, "119 s"),
        (180, "3 min"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
        (273_600, "3 d 4 h"),
        (172_800, "2 d"),
    ],
)
def test_a_span_is_written(seconds: float, text: str) -> None:
    assert format_span(seconds) == text
