"""What of a text must survive its translation, found before it is cut and translated.

Each such part is replaced by one mark, a character that no model knows and no rule cuts at, so that
neither a sentence's end nor a clause's is seen in the middle of an address or of a term.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from brickwork_translate.engine import Kind, Term

MARK = "\ue000"
"""Of the private use area: texts have no use for it, and one that holds it keeps it."""

_KINDS = {
    Kind.MARKUP: r"</?[A-Za-z][^<>\n]{0,500}>|<!--[^\n]{0,500}?-->",
    Kind.ADDRESS: r"(?:https?://|www\.)[^\s<>\"']{1,2000}(?<![.,;:!?)\]])"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    Kind.PLACEHOLDER: r"\{\{[^{}\n]{0,80}\}\}|[$#]?\{[^{}\n]{0,80}\}|`[^`\n]{1,200}`"
    r"|%(?:\([^()\n]{1,80}\)|\d\$)?[-+#0]{0,3}\d{0,3}(?:\.\d{1,2})?[sdifgxu](?!\w)"
    r"|&(?:[A-Za-z]{2,31}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});"
    rf"|[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0f\u200d]?|{MARK}",
    Kind.NUMBER: r"[€£¥]\s?\d[\d.,]{0,30}(?<=\d)|(?<![\d.,])\d[\d.,]{0,30}\s?[€£¥]",
}
"""Numbers are left to the model, which may write 3.5 as 3,5, unless a sign is with them that the
vocabularies of small models lack; whether they came through is seen afterwards."""

_NO_WORD_BEFORE, _NO_WORD_BEHIND = r"(?<!\w)", r"(?!\w)"
_GROUPED = re.compile(r"(?<=\d)[.,'\u2019](?=\d)|(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))")
_DIGITS = re.compile(r"\d+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


@dataclass(frozen=True)
class Keep:
    """A part of a text that must survive.

    Attributes:
        kind: what it is.
        text: as it stands in the source.
        becomes: what must stand in the translation: the same, or the translation of a term.
    """

    kind: Kind
    text: str
    becomes: str


class Keeper:
    """Finds what must survive under one glossary."""

    def __init__(self, glossary: Sequence[Term]) -> None:
        self._terms = dict(_both_ways(glossary))
        kinds = {Kind.TERM: _pattern_of(self._terms), **_KINDS}
        self._pattern = re.compile("|".join(f"(?P<{kind}>{kinds[kind]})" for kind in _ORDER))

    def mark(self, text: str) -> tuple[str, list[Keep]]:
        """Return the text with a mark for each part that must survive, and those parts in order."""
        found = [self._keep(each) for each in self._pattern.finditer(text)]
        return self._pattern.sub(MARK, text), found

    def _keep(self, found: "re.Match[str]") -> Keep:
        kind, text = Kind(str(found.lastgroup)), found.group()
        becomes = self._terms[text] if kind is Kind.TERM else text
        return Keep(kind, text, becomes)


_ORDER = (Kind.MARKUP, Kind.ADDRESS, Kind.TERM, Kind.PLACEHOLDER, Kind.NUMBER)
"""Of several that begin at one place the first is taken."""


def numbers_of(text: str) -> "Counter[str]":
    """Count the numbers of a text, whichever way they are grouped and however they begin."""
    digits = _DIGITS.findall(_GROUPED.sub("", text))
    return Counter(_plain(each).lstrip("0") or "0" for each in digits)


def _plain(digits: str) -> str:
    return "".join(str(unicodedata.digit(each)) for each in digits)


def _both_ways(glossary: Sequence[Term]) -> list[tuple[str, str]]:
    """Return each term as it is and, where it begins small, as it begins a sentence."""
    raised = [(_raised(term.source), _raised(term.target)) for term in glossary]
    return [*raised, *((term.source, term.target) for term in glossary)]


def _raised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _pattern_of(terms: Collection[str]) -> str:
    """Return the pattern of any of the terms, the longest first, where it is no part of a word.

    Those that begin and end alike are looked for together: the engine of the patterns then sees at
    once by a letter that none of them begins there.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for term in sorted(terms, key=len, reverse=True):
        edges = _NO_WORD_BEFORE * _is_spaced(term[0]), _NO_WORD_BEHIND * _is_spaced(term[-1])
        alike.setdefault(edges, []).append(re.escape(term))
    found = [f"{before}(?:{'|'.join(some)}){behind}" for (before, behind), some in alike.items()]
    return "|".join(found) or "(?!)"  # Without any, what never is.


def _is_spaced(letter: str) -> bool:
    return letter.isalnum() and not _UNSPACED.match(letter)
