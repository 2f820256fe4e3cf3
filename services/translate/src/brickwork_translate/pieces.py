"""Cuts a text into sentences and what stands between them, so that its shape survives.

A translation model takes one sentence at a time: small ones move words across line breaks, and of
several hundred words they leave some out. What holds no words is never shown to it.
"""

import bisect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

WORD_CHARS_MAX = 80
"""A longer word is an address or data: it stays as it is, and would take seconds to read."""

_LINE_MARK = re.compile(r"\s*(?:[-–—*•·#>]+\s+|\d{1,3}[.)]\s+)?")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+|[。！？]+[」』”’）]*\s*")  # noqa: RUF001
_CLAUSE_END = re.compile(r"[,;:]\s+|\s[-–—]\s|[、，；：]")  # noqa: RUF001
_CHARS_A_UNIT_MAX = 16
"""Over a sentence no model has longer tokens in the mean; what lies beyond need not be measured."""
_DATA = re.compile(rf"[!-\u024f]{{{WORD_CHARS_MAX + 1},}}")
"""Only in scripts that put blanks between words; in others a whole sentence has none."""
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d]|mr|mrs|ms|dr|prof|st|vs|no|sr|sra|dra|exmo|exma|etc|e\.g|i\.e|p\.ex)\.\s+$",
    re.IGNORECASE,
)


def has_letter(words: str) -> bool:
    """Tell whether there is a letter of any script."""
    return any(map(str.isalpha, words))


def one_group(text: str) -> int:
    """Put all texts into one group."""
    return 0


@dataclass(frozen=True)
class Window:
    """How much text a model takes at a time, and of which kind.

    Attributes:
        wanted: a sentence of a larger size is cut after its clauses.
        most: one of a larger size is cut even between words.
        size: measures a text, in characters or in tokens.
        reads: tells whether some words hold anything that the model can translate.
        group: tells which texts may share a batch: those with the same answer.
    """

    wanted: int
    most: int
    size: Callable[[str], int] = len
    reads: Callable[[str], bool] = has_letter
    group: Callable[[str], int] = one_group


@dataclass(frozen=True)
class Piece:
    """A part of a text; only those with words are translated, the others stay."""

    text: str
    has_words: bool


def cut(text: str, window: Window) -> Iterator[Piece]:
    """Yield the pieces of a text; joined, their texts are the text itself."""
    for line in text.splitlines(keepends=True):
        mark = _LINE_MARK.match(line)
        assert mark is not None
        if mark.group():
            yield Piece(mark.group(), has_words=False)
        for sentence in _sentences(line[mark.end() :]):
            yield from _bounded(sentence, window)


def _sentences(line: str) -> Iterator[str]:
    begin = 0
    for end in _SENTENCE_END.finditer(line):
        following = line[end.end() : end.end() + 1]
        if following.islower() or _ABBREVIATION.search(_tail(line, begin, end.end())):
            continue
        yield line[begin : end.end()]
        begin = end.end()
    yield line[begin:]


def _tail(line: str, begin: int, end: int) -> str:
    """Return so much before an end that an abbreviation shows, and not all of a long line."""
    return line[max(begin, end - 16) : end]


def _bounded(sentence: str, window: Window) -> Iterator[Piece]:
    """Cut a sentence that is too long."""
    begin, reach = 0, window.most * _CHARS_A_UNIT_MAX + 1
    while begin < len(sentence):
        rest = sentence[begin : begin + reach]
        words = rest.rstrip()
        fits = len(words) < reach and window.size(words) <= window.wanted
        end = len(rest) if fits else _end_of_piece(rest, window)
        yield from _trimmed(rest[:end], window)
        begin += end


def _end_of_piece(sentence: str, window: Window) -> int:
    """Find the last clause that fits, or the first that ends, or the last word that fits."""
    most = _longest(sentence, window.most, window)
    clauses = [end.end() for end in _CLAUSE_END.finditer(sentence[:most])]
    fitting = [end for end in clauses if end <= _longest(sentence, window.wanted, window)]
    if fitting or clauses:
        return fitting[-1] if fitting else clauses[0]
    if most >= len(sentence.rstrip()):
        return len(sentence)
    blanks = [blank.end() for blank in re.finditer(r"\s+", sentence[:most])]
    return blanks[-1] if blanks else most


def _longest(sentence: str, most: int, window: Window) -> int:
    """Return how many characters of a sentence fit, at least one."""
    chars_max = min(len(sentence), most * _CHARS_A_UNIT_MAX)
    ends = range(1, chars_max + 1)
    sizes = bisect.bisect_right(ends, most, key=lambda end: window.size(sentence[:end]))
    return max(1, sizes)


def _trimmed(part: str, window: Window) -> Iterator[Piece]:
    """Part the words from the white space around them."""
    words = part.strip()
    if not words:
        if part:
            yield Piece(part, has_words=False)
        return
    begin = part.index(words)
    around = part[:begin], part[begin + len(words) :]
    if around[0]:
        yield Piece(around[0], has_words=False)
    yield Piece(words, window.reads(words) and not _DATA.search(words))
    if around[1]:
        yield Piece(around[1], has_words=False)
