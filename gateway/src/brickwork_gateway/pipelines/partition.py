"""Texts put together until a limit of tokens; pure functions."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

_WORD = re.compile(r"[A-Za-z]+|[^\sA-Za-z]")
_LETTERS_PER_TOKEN = 3


class Part(NamedTuple):
    """A run of segments, both ends included."""

    first: int
    last: int


def estimated_tokens(text: str) -> int:
    """Guess how many tokens a model makes of a text, rather too many than too few.

    A token for every three letters of an ASCII word and its rest, and for every byte of everything
    else but blanks. Byte-level tokenizers make at most one token of each byte, and of English words
    far fewer.
    """
    return sum(
        math.ceil(len(word) / _LETTERS_PER_TOKEN) if word.isascii() else len(word.encode())
        for word in _WORD.findall(text)
    )


def filled(sizes: Sequence[float], limit: float, ends: Sequence[bool]) -> int:
    """Return how many texts, from the first, to put into one part: at least one.

    As many as fit; but if one in the second half of these ends a sentence, no more than up to it,
    so that a sentence is rarely cut in two.

    Args:
        sizes: of each text.
        limit: for their sum; a single text may be larger.
        ends: whether each ends a sentence.
    """
    total, count = 0.0, 0
    while count < len(sizes) and (count == 0 or total + sizes[count] <= limit):
        total += sizes[count]
        count += 1
    if count == len(sizes):
        return count
    return next((n for n in range(count, count // 2, -1) if ends[n - 1]), count)
