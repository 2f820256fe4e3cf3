"""Which names the speakers of a recording go by, as far as they say so themselves."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from brickwork_gateway.grounding.lexicon import Lexicon
from brickwork_gateway.grounding.lexicons import lexicon_of
from brickwork_gateway.grounding.spoken import Spoken
from brickwork_gateway.grounding.words import Kind, Word, read_words

_INTRODUCED, _ASKED, _ADDRESSED = 3, 2, 1
"""How much a name weighs that somebody gives himself, one at the head of a question that he
answers, and one by which somebody is called otherwise before he speaks."""
_VOTES_MIN = 2
_SHARE_MIN = 2 / 3
_CALL_WORDS_MAX = 2
"""A question of one word and its mark, such as "Anna?", calls somebody."""
_SIGNED_WORDS_MAX = 6
_CALLS = frozenset(",?!.")


class Voices:
    """Listens to a recording sentence by sentence, and keeps nothing of it but names."""

    def __init__(self, language: str | None) -> None:
        self._lexicon = lexicon_of(language)
        self._votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._before: str | None = None
        self._speaking: str | None = None
        self._called: tuple[str | None, str, int] | None = None
        self._proven: set[str] = set()
        self._heard: set[str | None] = set()

    def hear(self, spoken: Spoken) -> None:
        """Listen to the next sentence."""
        words = read_words(spoken.text, self._lexicon)
        if self._called and spoken.speaker and spoken.speaker != self._called[0]:
            self._votes[self._called[1]][spoken.speaker] += self._called[2]
            self._called = None
        if spoken.speaker != self._speaking:
            self._heard.add(self._speaking)
            self._before, self._speaking = self._speaking, spoken.speaker
        self._proven |= {word.folded for word in words if _is_name(word) and not word.is_first}
        for name in _introduced(words, self._lexicon):
            self._proven.add(name)
            if spoken.speaker:
                self._votes[name][spoken.speaker] += _INTRODUCED
        called = called_name(words, self._lexicon)
        if called and spoken.speaker not in self._heard:
            if spoken.speaker and _is_presented(words, called, self._lexicon):
                self._proven.add(called)
                self._votes[called][spoken.speaker] += _INTRODUCED
        elif called:
            if len(words) <= _CALL_WORDS_MAX and words[-1].folded == "?":
                self._proven.add(called)
            is_asked = words[-1].folded == "?" and called in {word.folded for word in words[:2]}
            self._called = (spoken.speaker, called, _ASKED if is_asked else _ADDRESSED)
            if self._before and words[-1].folded != "?":  # "Good point, Anna" praises what was said
                self._votes[called][self._before] += _ADDRESSED

    def names(self) -> Mapping[str, frozenset[str]]:
        """Return the folded names of each speaker.

        A name that is anybody's is nobody's, and what only ever begins a sentence is none.
        """
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, votes in self._votes.items():
            [(speaker, count)] = votes.most_common(1)
            is_clear = count >= max(_VOTES_MIN, _SHARE_MIN * votes.total())
            if name in self._proven and is_clear:
                found[speaker].add(name)
        return {speaker: frozenset(names) for speaker, names in found.items()}


def heard_names(spoken: Sequence[Spoken], language: str | None) -> Mapping[str, frozenset[str]]:
    """Return the folded names by which each speaker goes."""
    voices = Voices(language)
    for each in spoken:
        voices.hear(each)
    return voices.names()


def _introduced(words: Sequence[Word], lexicon: Lexicon) -> list[str]:
    """Return the name that follows a phrase such as "this is", all its parts; or "Anna here"."""
    folded = [word.folded for word in words]
    for phrase in lexicon.introduction_phrases:
        for place in range(len(folded) - len(phrase) + 1 if phrase else 0):
            if tuple(folded[place : place + len(phrase)]) == phrase:
                names: list[str] = []
                for word in words[place + len(phrase) :]:
                    if word.folded in lexicon.title_words and not names:
                        continue
                    if not _is_name(word):
                        break
                    names.append(word.folded)
                if names:
                    return names
    return [
        name.folded
        for name, here, after in zip(words, words[1:], words[2:], strict=False)
        if _is_name(name) and here.folded in lexicon.signature_words
        if after.kind is Kind.MARK or len(words) <= _SIGNED_WORDS_MAX
    ]


def _is_presented(words: Sequence[Word], name: str, lexicon: Lexicon) -> bool:
    """Tell whether a first word is who speaks: "And Anna, from the office"."""
    told = [word.folded for word in words if word.folded not in lexicon.joiner_words]
    is_short = _CALL_WORDS_MAX < len(words) <= _SIGNED_WORDS_MAX  # one word alone is a greeting
    return is_short and told[0] == name and told[-1] != "?"


def called_name(words: Sequence[Word], lexicon: Lexicon) -> str | None:
    """Return the name by which a sentence calls somebody: it stands between marks."""
    found = None
    for place, word in enumerate(words):
        first = place - (place > 0 and words[place - 1].folded in lexicon.title_words)
        before = words[first - 1].folded if first else ","
        after = words[place + 1].folded if place + 1 < len(words) else "."
        if _is_name(word) and before in _CALLS and after in _CALLS:
            found = word.folded
    return found


def _is_name(word: Word) -> bool:
    return word.kind is Kind.CONTENT and word.is_capital
