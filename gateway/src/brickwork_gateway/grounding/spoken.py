"""A sentence that was said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spoken:
    """One sentence of a transcript.

    Attributes:
        text: as it was recognised.
        speaker: label of who says it; None when nobody knows.
        segments: numbers of the segments that it lies in, in order.
    """

    text: str
    speaker: str | None
    segments: tuple[int, ...]
