"""Add the windows up into turns: how many talk is counted first, then who they are.

Ten windows hear every moment. The average number of local speakers says how many people talk,
so overlap survives; the labels with most windows behind them say who.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.activity import WindowActivity
from brickwork_diarize.engine import Turn
from brickwork_diarize.windows import STEP_FRAMES, WINDOW_FRAMES, frame_start_ms

_TURN_MS_MIN = 100
"""Less is shorter than a syllable: a breath, or an edge that two windows see differently."""


def find_turns(
    windows: Iterable[WindowActivity], speakers: Sequence[int], duration_ms: int
) -> tuple[list[Turn], dict[int, str]]:
    """Return the turns of a recording in order of start, and what each speaker is called there.

    Args:
        windows: all windows in order.
        speakers: the speaker of each voice, counted from 0.
        duration_ms: the length of the recording; no turn reaches beyond it.
    """
    spans: list[tuple[int, int, int]] = []
    open_since: dict[int, int] = {}
    frame = 0
    before = np.zeros((1, max(speakers, default=-1) + 1), np.bool_)
    for talking in _talking_frames(windows, speakers):
        # Nobody starts or stops in most frames, and an hour has 200,000 of them.
        for place, speaker in np.argwhere(np.diff(talking, axis=0, prepend=before)).tolist():
            if speaker in open_since:
                spans.append((open_since.pop(speaker), frame + place, speaker))
            else:
                open_since[speaker] = frame + place
        before = talking[-1:]
        frame += len(talking)
    spans.extend((since, frame, speaker) for speaker, since in open_since.items())
    return _named(sorted(spans), duration_ms)


def _talking_frames(
    windows: Iterable[WindowActivity], speakers: Sequence[int]
) -> Iterable[NDArray[np.bool_]]:
    """Yield bool [frames, speakers], who talks, for all frames of the recording in order."""
    speaker_count = max(speakers, default=-1) + 1
    votes = np.zeros((WINDOW_FRAMES, speaker_count), np.int64)
    totals, covered = np.zeros(WINDOW_FRAMES, np.int64), np.zeros(WINDOW_FRAMES, np.int64)
    for window in windows:
        covered += 1
        totals += window.frames.sum(axis=0)
        for voice, frames in zip(window.voices, window.frames, strict=True):
            if voice >= 0:
                votes[:, speakers[voice]] += frames
        # No later window hears the first frames, so they are settled.
        yield _settle(votes[:STEP_FRAMES], totals[:STEP_FRAMES], covered[:STEP_FRAMES])
        votes, totals, covered = _shift(votes), _shift(totals), _shift(covered)
    heard = covered > 0
    yield _settle(votes[heard], totals[heard], covered[heard])


def _settle(
    votes: NDArray[np.int64], totals: NDArray[np.int64], covered: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return bool [frames, speakers]: as many as are counted, those with most votes first."""
    people = (2 * totals + covered) // (2 * covered)  # Rounded, a half upwards.
    ranks = np.argsort(np.argsort(-votes, axis=1, kind="stable"), axis=1, kind="stable")
    return (ranks < people[:, np.newaxis]) & (votes > 0)


def _shift(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([values[STEP_FRAMES:], np.zeros_like(values[:STEP_FRAMES])])


def _named(
    spans: Sequence[tuple[int, int, int]], duration_ms: int
) -> tuple[list[Turn], dict[int, str]]:
    """Turn spans of frames, in order, into turns whose labels follow the first to speak."""
    names: dict[int, str] = {}
    turns = []
    for first, end, speaker in spans:
        start_ms = max(0, frame_start_ms(first))
        end_ms = min(frame_start_ms(end), duration_ms)
        if end_ms - start_ms >= _TURN_MS_MIN:
            name = names.setdefault(speaker, f"S{len(names) + 1}")
            turns.append(Turn(start_ms, end_ms, name))
    return turns, names
