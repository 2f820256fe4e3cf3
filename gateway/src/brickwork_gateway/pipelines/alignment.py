"""Whose words are whose: a pure function of words and turns.

Source: the usual rule of transcription toolkits, such as WhisperX 3 (`diarize.py`,
`assign_word_speakers`): a word belongs to the turn that it overlaps most. What is
ours is the rest: a word in no turn goes with its neighbours, and a segment is split
where its speaker changes.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from brickwork_gateway.pipelines.wording import as_written, joined

NEAREST_MS_MAX = 2_000
"""A word this close to a turn is still that speaker's: turns end where the voice fades,
words where the recogniser guesses. Further away nobody is named."""


class Turn(NamedTuple):
    """One speaker speaking, in milliseconds of the recording."""

    start_ms: int
    end_ms: int
    speaker: str


def align(
    segments: Sequence[dict[str, Any]], turns: Sequence[Turn], names: dict[str, str]
) -> list[dict[str, Any]]:
    """Give each segment its speaker, and split it where the speaker changes.

    Speakers are named S1, S2 and so on in the order in which they first say a word.
    Without turns every segment keeps its extent and has the speaker None.

    Args:
        segments: each with `start_ms`, `end_ms`, `text`, `language` and `words`, in
            order of time.
        turns: who speaks when, in any order; they may overlap.
        names: of those who have said a word before; whoever is new is added.
    """
    ordered = sorted(turns)
    longest_ms = max((turn.end_ms - turn.start_ms for turn in ordered), default=0)
    pieces = [piece for segment in segments for piece in _split(segment, ordered, longest_ms)]
    for piece in pieces:
        if piece["speaker"] is not None:
            name = names.setdefault(piece["speaker"], f"S{len(names) + 1}")
            piece["speaker"] = name
    return pieces


def _split(segment: dict[str, Any], turns: list[Turn], longest_ms: int) -> Iterator[dict[str, Any]]:
    words = segment["words"]
    if not words:
        speaker = _speaker(segment["start_ms"], segment["end_ms"], turns, longest_ms)
        yield {**segment, "speaker": speaker}
        return
    speakers = [_speaker(word["start_ms"], word["end_ms"], turns, longest_ms) for word in words]
    written = as_written(segment)
    filled = _filled(speakers)
    starts = [0, *(n for n in range(1, len(words)) if filled[n] != filled[n - 1])]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield {
            **segment,
            "start_ms": segment["start_ms"] if start == 0 else words[start]["start_ms"],
            "end_ms": segment["end_ms"] if end == len(words) else words[end - 1]["end_ms"],
            "text": joined(written[start:end]),
            "words": words[start:end],
            "speaker": filled[start],
        }


def _filled(speakers: list[str | None]) -> list[str | None]:
    """Let words in no turn go with the word before them, the first ones with the one after."""
    filled: list[str | None] = []
    known = next((speaker for speaker in speakers if speaker is not None), None)
    for speaker in speakers:
        known = speaker if speaker is not None else known
        filled.append(known)
    return filled


def _speaker(start_ms: int, end_ms: int, turns: list[Turn], longest_ms: int) -> str | None:
    """Return who speaks most of the span, or speaks nearest to it; None when nobody is near."""
    first = bisect_left(turns, (start_ms - longest_ms - NEAREST_MS_MAX,))
    overlaps: dict[str, int] = {}
    nearest: tuple[int, str] | None = None
    for turn in turns[first:]:
        if turn.start_ms > end_ms + NEAREST_MS_MAX:
            break
        overlap_ms = min(end_ms, turn.end_ms) - max(start_ms, turn.start_ms)
        if overlap_ms > 0:
            overlaps[turn.speaker] = overlaps.get(turn.speaker, 0) + overlap_ms
        elif -overlap_ms <= NEAREST_MS_MAX and (nearest is None or -overlap_ms < nearest[0]):
            nearest = (-overlap_ms, turn.speaker)
    if overlaps:
        return max(overlaps, key=lambda speaker: overlaps[speaker])
    return nearest[1] if nearest else None
