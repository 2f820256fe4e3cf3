"""Cuts a text into sentences and what stands between them, so that its shape survives.

A small translation model takes one sentence at a time: it moves words across line breaks, and
of several hundred words it leaves some out. What holds no words is never shown to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PIECE_CHARS = 150
"""A longer sentence is cut after its clauses: of 280 characters one clause came twice."""

PIECE_CHARS_MAX = 300
"""A longer sentence is cut even between words: 320 characters lost a fifth, 640 two fifths."""

WORD_CHARS_MAX = 80
"""A longer word is an address or data: it stays as it is, and would take seconds to read."""

_LINE_MARK = re.compile(r"\s*(?:[-–—*•·#>]+\s+|\d{1,3}[.)]\s+)?")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+")
_CLAUSE_END = re.compile(r"[,;:]\s+|\s[-–—]\s")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d]|mr|mrs|ms|dr|prof|st|vs|no|sr|sra|dra|exmo|exma|etc|e\.g|i\.e|p\.ex)\.\s+$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """A part of a text; only those with words are translated, the others stay."""

    text: str
    has_words: bool


def cut(text: str) -> Iterator[Piece]:
    """Yield the pieces of a text; joined, their texts are the text itself."""
    for line in text.splitlines(keepends=True):
        mark = _LINE_MARK.match(line)
        assert mark is not None
        if mark.group():
            yield Piece(mark.group(), has_words=False)
        for sentence in _sentences(line[mark.end() :]):
            yield from _bounded(sentence)


def _sentences(line: str) -> Iterator[str]:
    begin = 0
    for end in _SENTENCE_END.finditer(line):
        following = line[end.end() : end.end() + 1]
        if following.islower() or _ABBREVIATION.search(line[begin : end.end()]):
            continue
        yield line[begin : end.end()]
        begin = end.end()
    yield line[begin:]


def _bounded(sentence: str) -> Iterator[Piece]:
    """Cut a sentence that is too long."""
    rest = sentence
    while len(rest.rstrip()) > PIECE_CHARS:
        end = _end_of_piece(rest)
        yield from _trimmed(rest[:end])
        rest = rest[end:]
    yield from _trimmed(rest)


def _end_of_piece(sentence: str) -> int:
    """Find the last clause that fits, or the first that ends, or the last word that fits."""
    clauses = [end.end() for end in _CLAUSE_END.finditer(sentence[:PIECE_CHARS_MAX])]
    fitting = [end for end in clauses if end <= PIECE_CHARS]
    if fitting or clauses:
        return fitting[-1] if fitting else clauses[0]
    if len(sentence.rstrip()) <= PIECE_CHARS_MAX:
        return len(sentence)
    blanks = [blank.end() for blank in re.finditer(r"\s+", sentence[:PIECE_CHARS_MAX])]
    return blanks[-1] if blanks else PIECE_CHARS_MAX


def _trimmed(part: str) -> Iterator[Piece]:
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
    yield Piece(words, _is_readable(words))
    if around[1]:
        yield Piece(around[1], has_words=False)


def _is_readable(words: str) -> bool:
    """Tell whether there is a Latin letter, and no word of unreasonable length."""
    has_latin = any(letter.isalpha() and ord(letter) < 0x250 for letter in words)
    return has_latin and max(map(len, words.split())) <= WORD_CHARS_MAX
