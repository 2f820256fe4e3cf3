"""Sentences cut into clauses: what belongs together, and whether it is negated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from brickwork_gateway.grounding.lexicon import Lexicon
from brickwork_gateway.grounding.words import Kind, Word

TELLING = frozenset({Kind.CONTENT, Kind.NAME, Kind.NUMBER, Kind.CALENDAR})
"""Kinds of words that say something."""
_TELLING_MIN = 2
"""A piece of a sentence with fewer words that say something is no clause of its own."""


@dataclass(frozen=True)
class Clause:
    """A piece of a sentence.

    Attributes:
        words: all of them.
        is_negated: whether it has a negation, and something that is negated by it: the "no" that
            answers a question negates nothing after it, nor does the "isn't it" of a question.
        is_refusal: whether a word of it has a negation inside.
        is_constant: whether it says that something stays as it is.
        is_cause: whether it says why.
    """

    words: tuple[Word, ...]
    is_negated: bool
    is_refusal: bool
    is_constant: bool
    is_cause: bool

    def with_more(self, other: "Clause") -> "Clause":
        """Return both as one."""
        return Clause(
            (*self.words, *other.words),
            self.is_negated or other.is_negated,
            self.is_refusal or other.is_refusal,
            self.is_constant or other.is_constant,
            self.is_cause,
        )

    @property
    def telling(self) -> list[Word]:
        """The words that say something."""
        return [word for word in self.words if word.kind in TELLING]

    @cached_property
    def denied(self) -> list[Word]:
        """What a negation turns round: the words after it that say something, or all if none do."""
        at = next((at for at, word in enumerate(self.words) if word.kind is Kind.NEGATOR), 0)
        after = [word for word in self.words[at:] if word.kind in TELLING]
        return after if any(word.kind is Kind.CONTENT for word in after) else self.telling

    @property
    def content(self) -> list[Word]:
        """The words that are neither name nor number nor day."""
        return [word for word in self.words if word.kind is Kind.CONTENT]

    @property
    def names(self) -> set[str]:
        """The names, folded."""
        return {word.folded for word in self.words if word.kind is Kind.NAME}

    @property
    def numbers(self) -> set[str]:
        """The numbers, each as the shortest text of its value."""
        return {word.folded for word in self.words if word.kind is Kind.NUMBER}

    @property
    def days(self) -> set[str]:
        """The months and days of the week, folded."""
        return {word.folded for word in self.words if word.kind is Kind.CALENDAR}

    @property
    def subject(self) -> str | None:
        """The name that comes before everything else that says something."""
        first = next(iter(self.telling), None)
        return first.folded if first and first.kind is Kind.NAME else None


def cut(words: Sequence[Word], lexicon: Lexicon) -> list[Clause]:
    """Cut a sentence into clauses; pieces that say little go with their neighbours.

    A piece that is negated stays apart from one that is not.
    """
    clauses: list[Clause] = []
    for piece in _pieces(words, lexicon):
        clause = _clause(piece, lexicon)
        if clauses and _is_one(clauses[-1], clause):
            clause = clauses.pop().with_more(clause)
        clauses.append(clause)
    return clauses


def _pieces(words: Sequence[Word], lexicon: Lexicon) -> Iterator[list[Word]]:
    """Yield what lies between the marks and openers of a sentence; a "not" keeps what it opens."""
    openers = lexicon.opener_words | lexicon.joiner_words
    piece: list[Word] = []
    for word in words:
        is_opener = word.folded in openers and piece and piece[-1].kind is not Kind.NEGATOR
        if piece and (word.kind is Kind.MARK or is_opener):
            yield piece
            piece = []
        if word.kind is not Kind.MARK:
            piece.append(word)
    if piece:
        yield piece


def _clause(words: Sequence[Word], lexicon: Lexicon) -> Clause:
    kinds = {word.kind for word in words}
    return Clause(
        words=tuple(words),
        is_negated=Kind.NEGATOR in kinds
        and not kinds.isdisjoint(TELLING)
        and not _sets_limit(words, lexicon),
        is_refusal=Kind.NEGATOR not in kinds and any(_refuses(word, lexicon) for word in words),
        is_constant=any(word.folded in lexicon.constant_words for word in words),
        is_cause=any(word.folded in lexicon.cause_words for word in words),
    )


def _sets_limit(words: Sequence[Word], lexicon: Lexicon) -> bool:
    """Tell whether a number is compared with: who must not give more than ten may give ten."""
    return any(
        word.folded in lexicon.limit_words and after.kind is Kind.NUMBER
        for word, after in pairwise(words)
    )


def _refuses(word: Word, lexicon: Lexicon) -> bool:
    """Tell whether a word has a negation inside; forms of words of grammar are too short to say."""
    if word.kind is Kind.CONTENT:
        return lexicon.stem(word.folded) in lexicon.refusal_stems
    return word.folded in lexicon.refusal_words


def _is_one(before: Clause, clause: Clause) -> bool:
    if not before.telling or not clause.telling:
        return True
    if before.is_negated != clause.is_negated or clause.is_cause:
        return False
    return min(len(before.telling), len(clause.telling)) < _TELLING_MIN
