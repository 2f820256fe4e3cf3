"""What was said, laid out so that claims can be looked up in it."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from brickwork_gateway.grounding.clauses import Clause, cut
from brickwork_gateway.grounding.lexicon import Lexicon
from brickwork_gateway.grounding.lexicons import lexicon_of
from brickwork_gateway.grounding.spoken import Spoken
from brickwork_gateway.grounding.voices import called_name, heard_names
from brickwork_gateway.grounding.words import Kind, Word, read_words

_REACH = 2
"""Sentences before and after one that belong to its place: speech spreads a thought over turns."""
_YEAR = re.compile("(19|20)[0-9][0-9]")
_THOUSAND, _MILLION = 1_000, 1_000_000
_UNKNOWN_COUNT = 3
"""A word that nobody says weighs as if it were said in half a sentence."""


@dataclass(frozen=True)
class Utterance:
    """A sentence of the recording, read.

    Attributes:
        segments: the segments that it lies in.
        speaker: who says it; None when nobody knows.
        voice: folded names that the speaker is known by.
        clauses: of the sentence; those of a question that is answered with a negation are negated.
        places: for each meaning, the numbers of the clauses that say it.
        folded: all words, folded.
        speaks_of_itself: whether it is in the first person and asks nothing.
        is_question: whether it asks.
    """

    segments: tuple[int, ...]
    speaker: str | None
    voice: frozenset[str]
    clauses: tuple[Clause, ...]
    places: Mapping[str, tuple[int, ...]]
    folded: frozenset[str]
    speaks_of_itself: bool
    is_question: bool

    @property
    def names(self) -> set[str]:
        """All names in it, folded."""
        return {name for clause in self.clauses for name in clause.names}


class Recording:
    """A stretch of a recording against which sentences are checked.

    Args:
        spoken: its sentences in order of time.
        language: ISO 639-1; without a lexicon less is checked.
        voices: by speaker, the folded names that he is known by; those that are heard in `spoken`
            itself unless given.
    """

    def __init__(
        self,
        spoken: Sequence[Spoken],
        language: str | None,
        voices: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.lexicon = lexicon_of(language)
        read = [read_words(each.text, self.lexicon) for each in spoken]
        self._in_lower_case = {w.folded for words in read for w in words if not w.is_capital}
        self._never_in_lower_case = {
            w.folded for words in read for w in words if w.is_capital
        } - self._in_lower_case
        self._in_capitals = {
            w.folded for words in read for w in words if w.is_capital and not w.is_first
        }
        voices = heard_names(spoken, language) if voices is None else voices
        self.voice_names = frozenset(name for names in voices.values() for name in names)
        named = [self._named(words) for words in read]
        self.utterances = [
            _utterance(each, words, named[place + 1 : place + 2], voices, self.lexicon)
            for place, (each, words) in enumerate(zip(spoken, named, strict=True))
        ]

    def clauses(self, text: str) -> list[Clause]:
        """Read a claim as clauses."""
        return cut(self._claimed(text), self.lexicon)

    def weight(self, meaning: str) -> float:
        """Return how telling a meaning is: the rarer it is said, the more."""
        return math.log(1 + len(self.utterances) / (self._spread[meaning] or _UNKNOWN_COUNT))

    def meaning(self, word: Word) -> str:
        """Return what stands for a word of a sentence that was said; a number stands for itself."""
        return _meaning(word, self.lexicon)

    def says(self, folded: str) -> bool:
        """Tell whether anybody says a word anywhere."""
        return any(folded in each.folded for each in self.utterances)

    def near(self, place: int) -> list[Utterance]:
        """Return the utterance at a place, which says something, and those around it."""
        at, last = bisect_left(self._telling, place), len(self._telling) - 1
        begin, end = self._telling[max(at - _REACH, 0)], self._telling[min(at + _REACH, last)]
        return self.utterances[begin : end + 1]

    @cached_property
    def _telling(self) -> list[int]:
        """The places where something is said: a mere "Gladly, yes" takes up none of the reach."""
        return [place for place, each in enumerate(self.utterances) if each.places]

    @cached_property
    def _elided(self) -> Mapping[float, str]:
        """What is left of numbers that follow others of the same magnitude in their sentence."""
        found = {}
        for each in self.utterances:
            values = [w.value for clause in each.clauses for w in clause.words if w.value]
            for long, short in pairwise(values):
                if long >= _THOUSAND > short:
                    scale = _MILLION if long >= _MILLION else _THOUSAND
                    found[short * scale] = f"{short:g}"
        return found

    @cached_property
    def _spread(self) -> Counter[str]:
        return Counter(meaning for each in self.utterances for meaning in each.places)

    def _claimed(self, text: str) -> list[Word]:
        words = [self._as_said(word) for word in read_words(text, self.lexicon)]
        return [replace(word, kind=Kind.NAME) if self._names(word) else word for word in words]

    def _as_said(self, word: Word) -> Word:
        """Write a number as it is said: of 1991 often only 91, of 21,000 after 26,000 only 21."""
        if word.value and word.value in self._elided and not self.says(word.folded):
            return replace(word, folded=self._elided[word.value])
        if word.kind is Kind.NUMBER and _YEAR.fullmatch(word.folded) and not self.says(word.folded):
            short = word.folded[-2:].lstrip("0")
            return replace(word, folded=short) if self.says(short) else word
        return word

    def _named(self, words: Sequence[Word]) -> list[Word]:
        """Tell the names among what was said; a capital at the head of a sentence proves none.

        Who is called by his name is spoken to, and not spoken of.
        """
        called = called_name(words, self.lexicon)
        return [
            replace(word, kind=Kind.GRAMMAR)
            if word.folded == called and word.folded in self.voice_names
            else replace(word, kind=Kind.NAME)
            if _may_be_name(word)
            and word.folded not in self._in_lower_case
            and (not word.is_first or word.folded in self._in_capitals | self.voice_names)
            else word
            for word in words
        ]

    def _names(self, word: Word) -> bool:
        """Tell whether a word of a claim is a name: if it is none, it must not pass for one."""
        if not _may_be_name(word) or word.folded in self._in_lower_case:
            return False
        if not word.is_first or word.folded in self._in_capitals | self.voice_names:
            return True
        meaning = self.lexicon.meaning(word.folded)
        is_common = self._spread[meaning] and word.folded not in self._never_in_lower_case
        return not is_common and not self.lexicon.is_bare_noun(word.folded)


def _meaning(word: Word, lexicon: Lexicon) -> str:
    return lexicon.meaning(word.folded) if word.value is None else word.folded


def _may_be_name(word: Word) -> bool:
    return word.kind is Kind.CONTENT and word.is_capital


def _denies(answer: Sequence[Word], lexicon: Lexicon) -> bool:
    """Tell whether an answer is a negation, as "No, they are too small", or a refusal."""
    if answer and answer[0].kind is Kind.NEGATOR:
        return True
    return any(clause.is_refusal and not clause.is_negated for clause in cut(answer, lexicon)[:1])


def _utterance(
    spoken: Spoken,
    words: Sequence[Word],
    answer: Collection[Sequence[Word]],
    voices: Mapping[str, frozenset[str]],
    lexicon: Lexicon,
) -> Utterance:
    clauses = cut(words, lexicon)
    is_question = spoken.text.rstrip().endswith("?")
    if is_question:  # "Could we not go?" says nothing against it, but its answer may
        is_denied = any(_denies(words, lexicon) for words in answer)
        clauses = [replace(clause, is_negated=is_denied) for clause in clauses]
    places: dict[str, tuple[int, ...]] = {}
    for number, clause in enumerate(clauses):
        for word in clause.telling:
            meaning = _meaning(word, lexicon)
            places[meaning] = (*places.get(meaning, ()), number)
    return Utterance(
        segments=spoken.segments,
        speaker=spoken.speaker,
        voice=voices.get(spoken.speaker or "", frozenset()),
        clauses=tuple(clauses),
        places=places,
        folded=frozenset(word.folded for word in words),
        speaks_of_itself=not is_question
        and any(lexicon.speaks_of_itself(word.folded) for word in words),
        is_question=is_question,
    )
