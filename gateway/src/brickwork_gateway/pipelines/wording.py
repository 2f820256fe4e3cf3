"""Texts cut at words without losing how they were written."""

from collections.abc import Sequence
from typing import Any


def as_written(segment: dict[str, Any]) -> list[str]:
    """Return each word of a segment with what stands before it in the segment's text.

    Joined, any run of them reads as it was written, also in languages without blanks.
    A word that the text does not have comes with a blank before it.
    """
    text, words = segment["text"], segment["words"]
    written, at = [], 0
    for word in words:
        found = text.find(word["text"], at)
        end = found + len(word["text"])
        written.append(text[at:end] if found >= 0 else f" {word['text']}")
        at = end if found >= 0 else at
    return written


def joined(written: Sequence[str]) -> str:
    """Join a run of words as they were written."""
    return "".join(written).strip()
