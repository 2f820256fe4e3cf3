"""Sizes as people write them."""

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("8GiB", 8 * 1024**3), ("512MiB", 512 * 1024**2), ("1.5 GiB", 1536 * 1024**2), ("7", 7)],
)
def test_a_size_is_read(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "-1GiB", "8GB", "many", "1e9", "9" * 40])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BrickworkError) as caught:
        parse_size(text)
    assert caught.value.reason is Reason.ARGUMENT_INVALID


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**41, "2.0 TiB")]
)
def test_a_size_is_written(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text
