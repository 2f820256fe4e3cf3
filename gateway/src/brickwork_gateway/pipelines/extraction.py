"""Which sentences of a transcript tell most; pure functions.

Source: sentences are scored by their centroid (Radev et al. 2004, MEAD, section 3)
and picked by maximal marginal relevance (Carbonell and Goldstein 1998), without any
list of words, so that it works in every language that puts blanks between words.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

SENTENCES_MIN, SENTENCES_MAX = 3, 12
"""How many sentences make a summary, however short or long the recording."""
BLOCK_SENTENCES = 500
"""Sentences that are weighed against each other at a time, about half an hour of speech."""
_TELLING_WORDS_MIN = 5
_RELEVANCE = 0.7
"""Weight of telling much against repeating what is told already."""
_SAME = 0.9
"""From this likeness on, in [0, 1], two sentences say the same and one of them is enough."""
_SENTENCE_MS = 60_000

_WORD = re.compile(r"\w+")

Body = dict[str, Any]


class Extraction:
    """Picks from a recording of any length, one block of sentences after the other."""

    def __init__(self) -> None:
        self._block: list[Body] = []
        self._picked: list[Body] = []
        self._spoken_ms = 0

    def add(self, said: Sequence[Body]) -> None:
        """Take further sentences, in order of time, as `sentences` returns them."""
        self._spoken_ms += spoken_ms(said)
        self._block += said
        if len(self._block) >= BLOCK_SENTENCES:
            self._picked += extract(self._block, SENTENCES_MAX)
            self._block = []
        if len(self._picked) >= BLOCK_SENTENCES:
            self._picked = extract(self._picked, BLOCK_SENTENCES // 2)

    def picked(self) -> list[Body]:
        """Return the sentences that tell most, in order of time: about one a minute, 3 to 12."""
        count = wanted_count(self._spoken_ms)
        if not self._picked:
            return extract(self._block, count)
        return extract([*self._picked, *extract(self._block, SENTENCES_MAX)], count)


def extract(said: Sequence[Body], count: int) -> list[Body]:
    """Pick at most so many sentences that tell most, in order of time.

    Args:
        said: each with its `text`.
        count: how many are wanted.
    """
    bags = [Counter(_WORD.findall(sentence["text"].lower())) for sentence in said]
    rarity = _rarity(bags)
    spoken: Counter[str] = Counter()
    for bag in bags:
        spoken.update(bag)
    telling = [n for n, bag in enumerate(bags) if bag.total() >= _TELLING_WORDS_MIN]
    left = set(telling or range(len(bags)))
    scores = {n: _score(bags[n], spoken, rarity) for n in left}
    top = max(scores.values(), default=0.0) or 1.0
    likeness = dict.fromkeys(left, 0.0)
    picked: list[int] = []
    while left and len(picked) < count:
        best = max(
            sorted(left),
            key=lambda n: _RELEVANCE * scores[n] / top - (1 - _RELEVANCE) * likeness[n],
        )
        picked.append(best)
        for n in left:
            likeness[n] = max(likeness[n], _cosine(bags[n], bags[best], rarity))
        left = {n for n in left if n != best and likeness[n] < _SAME}
    return [said[n] for n in sorted(picked)]


def spoken_ms(said: Sequence[Body]) -> int:
    """Return for how long somebody speaks."""
    return sum(sentence["end_ms"] - sentence["start_ms"] for sentence in said)


def wanted_count(spoken: int) -> int:
    """Return how many sentences are enough for so many milliseconds of speech."""
    return min(max(round(spoken / _SENTENCE_MS), SENTENCES_MIN), SENTENCES_MAX)


def _rarity(bags: Sequence[Counter[str]]) -> dict[str, float]:
    """Weigh each word by how few sentences say it."""
    spread = Counter(word for bag in bags for word in bag)
    return {word: math.log(1 + len(bags) / count) for word, count in spread.items()}


def _score(bag: Counter[str], spoken: Counter[str], rarity: dict[str, float]) -> float:
    """Measure how much of what the whole talk is about a sentence says, for its length."""
    told = sum((1 + math.log(spoken[word])) * rarity[word] for word in bag)
    return told / math.sqrt(bag.total()) if bag else 0.0


def _cosine(one: Counter[str], other: Counter[str], rarity: dict[str, float]) -> float:
    shared = sum(rarity[word] ** 2 for word in one.keys() & other.keys())
    norms = math.sqrt(_norm(one, rarity) * _norm(other, rarity))
    return shared / norms if norms else 0.0


def _norm(bag: Counter[str], rarity: dict[str, float]) -> float:
    return sum(rarity[word] ** 2 for word in bag)
