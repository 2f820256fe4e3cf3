"""Transcripts and drafts as sentences; pure functions of their words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from brickwork_gateway.pipelines.wording import as_written

_SENTENCE_WORDS_MAX = 60
"""Where a recogniser writes no full stops, a sentence ends here."""

_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
_BETWEEN = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
_ABBREVIATION = re.compile(r"(?:[^\W\d_]|[^\W\d_aeiouyáàâãéêíóôõú]{2,3}a?)\.", re.IGNORECASE)
"""With a capital, initials and letters without a vowel, such as Mr. or Sra., end no sentence."""
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+", re.MULTILINE)
_WORD = re.compile(r"\w+")

Body = dict[str, Any]


def sentences(segments: Sequence[Body]) -> list[Body]:
    """Cut a transcript into sentences with `start_ms`, `end_ms`, `speaker`, `text` and `segments`.

    A sentence may go over several segments, whose numbers it names, but never from one speaker to
    the next.

    Args:
        segments: aligned segments in order of time, each with its number as `index`.
    """
    found: list[Body] = []
    is_open = False
    for segment, word, written in _words(segments):
        if is_open and found[-1]["speaker"] == segment["speaker"]:
            found[-1]["end_ms"] = word["end_ms"]
            found[-1]["text"] += written
            if found[-1]["segments"][-1] != segment["index"]:
                found[-1]["segments"].append(segment["index"])
        else:
            span = {"start_ms": word["start_ms"], "end_ms": word["end_ms"]}
            known = {"speaker": segment["speaker"], "segments": [segment["index"]]}
            found.append({**span, **known, "text": written.lstrip()})
        is_long = found[-1]["text"].count(" ") + 1 >= _SENTENCE_WORDS_MAX
        is_open = not is_long and not ends_sentence(word["text"])
    return found


def drafted(text: str) -> list[str]:
    """Cut what a model wrote into sentences, without bullets.

    Dropped are what it says a second time, and a last sentence that was cut off: a small model
    that always takes the likeliest word repeats itself until its limit.
    """
    told = [one for one in split(_BULLET.sub("", text)) if _WORD.search(one)]
    if len(told) > 1 and not _END.search(told[-1]):
        told.pop()
    first: dict[str, str] = {}
    for sentence in told:
        first.setdefault(" ".join(_WORD.findall(sentence.lower())), sentence)
    return list(first.values())


def split(text: str) -> list[str]:
    """Cut a text into sentences; abbreviations end none."""
    told: list[str] = []
    is_open = False
    for piece in filter(None, _BETWEEN.split(text.strip())):
        if is_open:
            told[-1] += f" {piece}"
        else:
            told.append(piece)
        is_open = _is_abbreviation(piece.rsplit(None, 1)[-1])
    return told


def closes_sentence(segment: Body) -> bool:
    """Tell whether a segment ends where a sentence does."""
    return ends_sentence(segment["text"].rstrip().rpartition(" ")[2])


def ends_sentence(word: str) -> bool:
    """Tell whether a word is the last one of its sentence."""
    return bool(_END.search(word)) and not _is_abbreviation(word)


def halves(text: str) -> tuple[str, str]:
    """Cut a text in two, at the blank that is nearest before its middle."""
    middle = text.rfind(" ", 1, len(text) // 2 + 1)
    middle = middle if middle > 0 else len(text) // 2
    return text[:middle], text[middle:].lstrip()


def _is_abbreviation(word: str) -> bool:
    return word[:1].isupper() and bool(_ABBREVIATION.fullmatch(word))


def _words(segments: Sequence[Body]) -> Iterator[tuple[Body, Body, str]]:
    """Yield (segment, word, word as it was written with what stands before it)."""
    for segment in segments:
        words = segment["words"] or [segment]
        written = as_written(segment) if segment["words"] else [segment["text"]]
        for place, (word, text) in enumerate(zip(words, written, strict=True)):
            if text.strip():
                yield segment, word, text if place else f" {text.lstrip()}"
