"""What translating means here: the values, and the Protocol of every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

TEXT_COUNT_MAX = 1_000
TEXT_BYTES_MAX = 1024 * 1024
"""All texts of a request together, as UTF-8: about six hours of talk."""


@dataclass(frozen=True)
class TranslateRequest:
    """Asks for texts in another language; an engine holds one direction of one pair."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Translation:
    """The text of this index, counted from 0, in the wanted language."""

    index: int
    text: str


@dataclass(frozen=True)
class Progress:
    """Pieces of text translated so far; it makes room for other calls and for cancelling."""

    piece_count: int


class Engine(Protocol):
    """Translates from one language into one other."""

    def translate(self, request: TranslateRequest) -> Iterator[Translation | Progress]:
        """Yield the translations in order, with progress within long ones."""
        ...
