"""What the check knows of a language: closed lists of words, written for this repository.

A language without a lexicon is checked by words, digits and names alone: nothing is known of its
negations, its numbers in words or its synonyms.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Lexicon:
    """The closed lists of a language, each as words divided by blanks.

    Attributes:
        phrases: what means the same in plainer words, `phrase=words`, divided by `|`: limits that
            are told by a negation, amounts of time, and what costs nothing.
        grammar: words that say nothing by themselves, verbs of reporting and words about the
            recording as such included, and so are currencies, which speech leaves out.
        titles: what stands before a name.
        negators: what turns a clause round.
        refusals: words with a negation inside them, such as a verb for refusing; they excuse a
            clause from agreeing in negation, because what they deny stands elsewhere.
        constants: words for staying as one is; who claims that denies a change without a negator.
        limits: words before a number with which something is compared.
        openers: words that begin a clause.
        causes: words that begin one that says why; they are openers too.
        cardinals: number words with their values, `word=value`.
        ordinals: likewise; they are numbers of days and floors.
        scales: words by which what stands before them is multiplied, `word=value`.
        halves: words for a half, as in "three and a half thousand".
        joiners: words between the parts of one number.
        calendar: names of months and of days of the week.
        calendar_endings: what may hang on a day of the week and says nothing more.
        first_person: words by which a speaker speaks of himself.
        first_person_endings: endings of verbs that do the same without such a word.
        bare_noun_endings: endings of nouns that begin a sentence without an article; a capital at
            the head of a sentence makes no name of them.
        agents: words before the one who acts, where he comes last.
        introductions: what stands before the speaker's own name, phrases divided by `|`.
        signatures: what stands after it.
        synonyms: groups of words that are taken as one, divided by `|`.
        stem_characters_min: what endings leave of a word at least.
        endings: what inflection and derivation put at the end of a word.
    """

    phrases: str = ""
    grammar: str = ""
    titles: str = ""
    negators: str = ""
    refusals: str = ""
    constants: str = ""
    limits: str = ""
    openers: str = ""
    causes: str = ""
    cardinals: str = ""
    ordinals: str = ""
    scales: str = ""
    halves: str = ""
    joiners: str = ""
    calendar: str = ""
    calendar_endings: str = ""
    first_person: str = ""
    first_person_endings: str = ""
    bare_noun_endings: str = ""
    agents: str = ""
    introductions: str = ""
    signatures: str = ""
    synonyms: str = ""
    endings: str = ""
    stem_characters_min: int = 3

    def in_plain_words(self, text: str) -> str:
        """Write the phrases of a text in plainer words."""
        if not self._plain_words:
            return text
        return self._phrase.sub(lambda found: self._plain_words[found[0].casefold()], text)

    @cached_property
    def grammar_words(self) -> frozenset[str]:
        """Folded words that say nothing by themselves."""
        return _words(self.grammar, self.titles, self.openers, self.causes, self.first_person)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """Folded words that stand before a name."""
        return _words(self.titles)

    @cached_property
    def negator_words(self) -> frozenset[str]:
        """Folded words that turn a clause round."""
        return _words(self.negators)

    @cached_property
    def refusal_words(self) -> frozenset[str]:
        """Folded words with a negation inside them."""
        return _words(self.refusals)

    @cached_property
    def refusal_stems(self) -> frozenset[str]:
        """Their stems."""
        return frozenset(map(self.stem, self.refusal_words))

    @cached_property
    def constant_words(self) -> frozenset[str]:
        """Folded words for staying as one is."""
        return _words(self.constants)

    @cached_property
    def half_words(self) -> frozenset[str]:
        """Folded words for a half."""
        return _words(self.halves)

    @cached_property
    def opener_words(self) -> frozenset[str]:
        """Folded words that begin a clause."""
        return _words(self.openers, self.causes)

    @cached_property
    def limit_words(self) -> frozenset[str]:
        """Folded words before a number with which something is compared."""
        return _words(self.limits)

    @cached_property
    def cause_words(self) -> frozenset[str]:
        """Folded words that begin a clause which says why."""
        return _words(self.causes)

    @cached_property
    def calendar_words(self) -> frozenset[str]:
        """Folded names of months and days."""
        return _words(self.calendar)

    @cached_property
    def first_person_words(self) -> frozenset[str]:
        """Folded words by which a speaker speaks of himself."""
        return _words(self.first_person)

    @cached_property
    def number_words(self) -> Mapping[str, float]:
        """Values of number words."""
        return _values(f"{self.cardinals} {self.ordinals}")

    @cached_property
    def scale_words(self) -> Mapping[str, float]:
        """Values of multiplying words."""
        return _values(self.scales)

    @cached_property
    def joiner_words(self) -> frozenset[str]:
        """Folded words between the parts of one number."""
        return _words(self.joiners)

    @cached_property
    def agent_words(self) -> frozenset[str]:
        """Folded words before the one who acts."""
        return _words(self.agents)

    @cached_property
    def introduction_phrases(self) -> tuple[tuple[str, ...], ...]:
        """Folded phrases before a speaker's own name."""
        phrases = self.introductions.split("|")
        return tuple(tuple(map(self.folded, phrase.split())) for phrase in phrases)

    @cached_property
    def signature_words(self) -> frozenset[str]:
        """Folded words after a speaker's own name."""
        return _words(self.signatures)

    def folded(self, word: str) -> str:
        """Fold a word, unless a mark is all that tells it from a joiner: in Portuguese é from e."""
        plain = fold(word)
        whole = unicodedata.normalize("NFC", word.casefold())
        return whole if plain in self.joiner_words and whole != plain else plain

    def speaks_of_itself(self, word: str) -> bool:
        """Tell whether a folded word is in the first person."""
        endings = tuple(_words(self.first_person_endings))
        return word in self.first_person_words or bool(endings and word.endswith(endings))

    def is_bare_noun(self, word: str) -> bool:
        """Tell whether a folded word may begin a sentence as a noun without an article."""
        endings = tuple(_words(self.bare_noun_endings))
        return self.stem(word) in self._group_by_stem or bool(endings and word.endswith(endings))

    def stem(self, word: str) -> str:
        """Cut the longest known ending off a folded word, so that its forms are one.

        Source: the idea of light stemmers (Savoy 2006), with endings of both inflection and
        derivation; no dictionary says where that joins words that are strangers.
        """
        before = ""
        while word != before:
            before, word = word, self._cut(word)
        return word[:-1] + "i" if word.endswith("y") else word

    def _cut(self, word: str) -> str:
        for ending in self._endings:
            if word.endswith(ending) and len(word) - len(ending) >= self.stem_characters_min:
                word = word[: -len(ending)]
                is_doubled = len(word) > self.stem_characters_min and word[-1] == word[-2]
                return word[:-1] if is_doubled else word  # planned, plan
        return word

    def meaning(self, word: str) -> str:
        """Return what stands for a folded word and all that is taken to mean the same."""
        stem = self.stem(word)
        return self._group_by_stem.get(stem, stem)

    @cached_property
    def _plain_words(self) -> Mapping[str, str]:
        pairs = (pair.split("=") for pair in self.phrases.split("|") if pair.strip())
        return {" ".join(phrase.split()): words for phrase, words in pairs}

    @cached_property
    def _phrase(self) -> re.Pattern[str]:
        phrases = sorted(self._plain_words, key=len, reverse=True)
        return re.compile(rf"\b({'|'.join(map(re.escape, phrases))})\b", re.IGNORECASE)

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        return tuple(sorted(_words(self.endings), key=len, reverse=True))

    @cached_property
    def _group_by_stem(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for group in self.synonyms.split("|"):
            stems = [self.stem(fold(word)) for word in group.split()]
            for stem in stems:
                found.setdefault(stem, f"{stems[0]}+")
        return found


def fold(text: str) -> str:
    """Lower-case a text and take the marks off its letters."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _words(*lists: str) -> frozenset[str]:
    return frozenset(fold(word) for words in lists for word in words.split())


def _values(pairs: str) -> Mapping[str, float]:
    return {fold(word): float(value) for word, value in _split(pairs.split())}


def _split(pairs: Iterable[str]) -> Iterable[tuple[str, str]]:
    for pair in pairs:
        word, _, value = pair.partition("=")
        yield word, value
