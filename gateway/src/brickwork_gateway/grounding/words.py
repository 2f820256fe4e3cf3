"""A text as words of a kind: names, numbers, days, negations, and what else says something."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from brickwork_gateway.grounding.lexicon import Lexicon, fold
from brickwork_gateway.grounding.numbers import NumberReader

_TOKEN = re.compile(
    r"(?P<digits>\d+(?:[.,]\d+)*)(?:st|nd|rd|th|s|º|ª)?\b"
    r"|(?P<word>[^\W\d_]+(?:['’](?:t|s|ll|re|ve|d|m)\b)?)"
    r"|(?P<mark>[,;:.!?…()\[\]\"“”—–])"
)


class Kind(Enum):
    """What a word is good for."""

    GRAMMAR = auto()
    CONTENT = auto()
    NAME = auto()
    NUMBER = auto()
    CALENDAR = auto()
    NEGATOR = auto()
    MARK = auto()


@dataclass(frozen=True, slots=True)
class Word:
    """One word, or one number of several words, or one mark.

    Attributes:
        folded: lower-case and without marks; of a mark, the mark.
        is_capital: whether it was written with a capital.
        is_first: whether it begins its sentence.
        value: of a number.
    """

    folded: str
    kind: Kind
    is_capital: bool = False
    is_first: bool = False
    value: float | None = None


def read_words(text: str, lexicon: Lexicon) -> list[Word]:
    """Read a sentence; capitalised words are content until somebody knows them for names."""
    return list(_joined_numbers(list(_tokens(text, lexicon)), lexicon))


def _tokens(text: str, lexicon: Lexicon) -> Iterator[Word]:
    is_first, before = True, ""
    text = lexicon.in_plain_words(text)
    for ending in lexicon.calendar_endings.split():
        text = text.replace(ending, "")
    for match in _TOKEN.finditer(text.replace("’", "'")):
        token = match.group(match.lastgroup or 0)
        if match.lastgroup == "mark":
            if token == "." and before in lexicon.title_words:
                continue
            yield Word(token, Kind.MARK)
            is_first = is_first or token in ".!?…"
            continue
        if match.lastgroup == "digits":
            yield Word(token, Kind.NUMBER, is_first=is_first)
        else:
            folded = fold(token)
            kind = _kind(folded, token[0].isupper(), lexicon)
            folded = lexicon.folded(token).removesuffix("'s")
            if kind is Kind.CALENDAR:
                folded = folded.removesuffix("s")  # Mondays are days of the name Monday
            yield Word(folded, kind, token[0].isupper(), is_first)
        is_first, before = False, fold(token)


def _kind(folded: str, is_capital: bool, lexicon: Lexicon) -> Kind:
    if folded in lexicon.negator_words or (folded.endswith("n't") and lexicon.negator_words):
        return Kind.NEGATOR
    if folded in lexicon.grammar_words:
        is_day = is_capital and folded in lexicon.calendar_words
        return Kind.CALENDAR if is_day else Kind.GRAMMAR
    if folded in lexicon.calendar_words:
        return Kind.CALENDAR
    return Kind.CONTENT


def _joined_numbers(words: Sequence[Word], lexicon: Lexicon) -> Iterator[Word]:
    reader, place = NumberReader(lexicon), 0
    texts = [word.folded for word in words]
    while place < len(words):
        value, count = reader.read(texts, place)
        if count == 0:
            yield words[place]
            place += 1
            continue
        # One alone is mostly no number: an article in one language, a pronoun in another.
        if value != 1 or words[place].kind is Kind.NUMBER:
            yield Word(f"{value:g}", Kind.NUMBER, is_first=words[place].is_first, value=value)
        place += count
