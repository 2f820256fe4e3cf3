"""From readings at moments to texts with time spans."""

from collections.abc import Iterator

from brickwork_ocr.engine import Line, TimedText
from brickwork_ocr.reading_order import text_of


class Spans:
    """Holds the text that is on screen, and gives it out once it is over.

    Readings of the same text that follow each other are one span, so that a picture that
    was read twice, or an animation without words, is told once.
    """

    def __init__(self) -> None:
        self._start_ms = 0
        self._lines: tuple[Line, ...] = ()

    def show(self, left_ms: int, start_ms: int, lines: tuple[Line, ...]) -> Iterator[TimedText]:
        """Put the lines of a new picture on screen and yield the text that they end, if any.

        Args:
            left_ms: when the picture before was left.
            start_ms: when the new picture began.
            lines: what it says in reading order; empty when it says nothing.
        """
        if _fingerprint(lines) != _fingerprint(self._lines):
            yield from self.end(left_ms)
            self._start_ms, self._lines = start_ms, lines

    def end(self, end_ms: int) -> Iterator[TimedText]:
        """Clear the screen and yield the text that was on it, if any."""
        lines, self._lines = self._lines, ()
        if lines:
            yield TimedText(self._start_ms, max(end_ms, self._start_ms), text_of(lines), lines)


def _fingerprint(lines: tuple[Line, ...]) -> str:
    """Fold away what a second reading of the same words may do differently."""
    return "".join(text_of(lines).casefold().split())
