"""Summaries as pure functions: sentences, the telling ones, and what a model is asked.

Source: sentences are scored by their centroid (Radev et al. 2004, MEAD, section 3)
and picked by maximal marginal relevance (Carbonell and Goldstein 1998), without any
list of words, so that it works in every language that puts blanks between words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from brickwork_gateway.pipelines.wording import as_written

PART_CHARACTERS_MAX = 3_000
"""Transcript put before a model at a time; about 1,000 pieces of a small English model."""
_SENTENCE_WORDS_MAX = 60
"""Where a recogniser writes no full stops, a sentence ends here."""
_TELLING_WORDS_MIN = 5
_RELEVANCE = 0.7
"""Weight of telling much against repeating what is told already."""
_SAME = 0.9
"""From this likeness on, in [0, 1], two sentences say the same and one of them is enough."""
_SENTENCE_MS = 60_000
_SENTENCES_MIN, _SENTENCES_MAX = 3, 12

_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
_BETWEEN = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
_ABBREVIATION = re.compile(r"[^\W\d_]{1,3}\.")
"""With a capital, such as Mr., Dr. or Sr., these end no sentence."""
_WORD = re.compile(r"\w+")

Body = dict[str, Any]


def sentences(segments: Sequence[Body]) -> list[Body]:
    """Cut a transcript into sentences with `start_ms`, `end_ms`, `speaker` and `text`.

    A sentence may go over several segments, but never from one speaker to the next.

    Args:
        segments: aligned segments in order of time.
    """
    found: list[Body] = []
    is_open = False
    for speaker, word, written in _words(segments):
        if is_open and found[-1]["speaker"] == speaker:
            found[-1]["end_ms"] = word["end_ms"]
            found[-1]["text"] += written
        else:
            span = {"start_ms": word["start_ms"], "end_ms": word["end_ms"]}
            found.append({**span, "speaker": speaker, "text": written.lstrip()})
        is_long = found[-1]["text"].count(" ") + 1 >= _SENTENCE_WORDS_MAX
        is_open = not is_long and not _ends_sentence(word["text"])
    return found


def extract(said: Sequence[Body]) -> list[Body]:
    """Pick the sentences that tell most, in order of time.

    About one for each minute of speech, from three to twelve.

    Args:
        said: what `sentences` returns.
    """
    bags = [Counter(_WORD.findall(sentence["text"].lower())) for sentence in said]
    rarity = _rarity(bags)
    spoken: Counter[str] = Counter()
    for bag in bags:
        spoken.update(bag)
    telling = [n for n, bag in enumerate(bags) if bag.total() >= _TELLING_WORDS_MIN]
    left = set(telling or range(len(bags)))
    count = _count(said)
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


def parts(said: Sequence[Body], characters_max: int = PART_CHARACTERS_MAX) -> list[str]:
    """Join sentences into texts of at most so many characters, to be read one by one.

    A sentence that is longer by itself is a text of its own. A new line means that
    another one speaks; nobody is named, because a small model that sees names before
    lines goes on with the conversation instead of summarizing it.
    """
    texts: list[str] = []
    before = None
    for sentence in said:
        text, speaker = sentence["text"], sentence["speaker"]
        if texts and len(texts[-1]) + 1 + len(text) <= characters_max:
            texts[-1] += (" " if speaker == before else "\n") + text
        else:
            texts.append(text)
        before = speaker
    return texts


def asked(text: str) -> str:
    """Put the request for a summary after a text.

    After it, because the default model copied the text, or chatted about it, when the
    same request came before or as a system message.
    """
    return f"{text}\n\nSummarize the text above in a few sentences."


def tidied(draft: str) -> str:
    """Drop what a draft says a second time, and a last sentence that was cut off.

    A small model that always takes the likeliest word repeats itself until its limit.
    """
    told = [sentence for sentence in _BETWEEN.split(draft.strip()) if sentence]
    if len(told) > 1 and not _END.search(told[-1]):
        told.pop()
    first: dict[str, str] = {}
    for sentence in told:
        first.setdefault(" ".join(_WORD.findall(sentence.lower())), sentence)
    return " ".join(first.values())


def join(lines: Sequence[str], characters_max: int = PART_CHARACTERS_MAX) -> list[str]:
    """Join lines into texts of at most so many characters, without cutting a line."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= characters_max:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return texts


def halves(text: str) -> tuple[str, str]:
    """Cut a text in two, at the blank that is nearest before its middle."""
    middle = text.rfind(" ", 1, len(text) // 2 + 1)
    middle = middle if middle > 0 else len(text) // 2
    return text[:middle], text[middle:].lstrip()


def _words(segments: Sequence[Body]) -> Iterator[tuple[str | None, Body, str]]:
    """Yield (speaker, word, word as it was written with what stands before it)."""
    for segment in segments:
        words = segment["words"] or [segment]
        written = as_written(segment) if segment["words"] else [segment["text"]]
        for place, (word, text) in enumerate(zip(words, written, strict=True)):
            if text.strip():
                yield segment["speaker"], word, text if place else f" {text.lstrip()}"


def _ends_sentence(word: str) -> bool:
    is_abbreviation = word[:1].isupper() and _ABBREVIATION.fullmatch(word)
    return bool(_END.search(word)) and not is_abbreviation


def _count(said: Sequence[Body]) -> int:
    spoken_ms: int = sum(sentence["end_ms"] - sentence["start_ms"] for sentence in said)
    return min(max(round(spoken_ms / _SENTENCE_MS), _SENTENCES_MIN), _SENTENCES_MAX)


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
