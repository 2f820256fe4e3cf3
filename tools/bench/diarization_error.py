"""Score turns against known ones: the diarization error rate, strictly counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

FRAME_MS = 10


@dataclass(frozen=True)
class Talk:
    """Somebody talks from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    speaker: str


@dataclass(frozen=True)
class DiarizationError:
    """Milliseconds of speech, one speaker at a time, and of three kinds of mistakes."""

    speech_ms: int
    missed_ms: int
    invented_ms: int
    confused_ms: int

    @property
    def rate(self) -> float:
        """The diarization error rate; 0 is perfect, and it may exceed 1."""
        return (self.missed_ms + self.invented_ms + self.confused_ms) / self.speech_ms


def score(truth: Sequence[Talk], answer: Sequence[Talk], duration_ms: int) -> DiarizationError:
    """Compare an answer with the truth in frames of 10 ms, without a collar, overlap counted.

    Source: NIST RT-09 evaluation plan, section 6.1; speakers are paired so that they agree most.
    """
    true, said = (_frames(talks, duration_ms) for talks in (truth, answer))
    rows, columns = linear_sum_assignment(-(true.astype(np.int64) @ said.T.astype(np.int64)))
    right = (true[rows] & said[columns]).sum(axis=0)
    true_count, said_count = true.sum(axis=0), said.sum(axis=0)
    return DiarizationError(
        speech_ms=int(true_count.sum()) * FRAME_MS,
        missed_ms=int(np.maximum(true_count - said_count, 0).sum()) * FRAME_MS,
        invented_ms=int(np.maximum(said_count - true_count, 0).sum()) * FRAME_MS,
        confused_ms=int((np.minimum(true_count, said_count) - right).sum()) * FRAME_MS,
    )


def read_rttm(path: Path) -> dict[str, list[Talk]]:
    """Read the turns of each recording that an RTTM file names."""
    recordings: dict[str, list[Talk]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        _, recording, _, start, length, _, _, speaker, *_ = line.split()
        start_ms = round(float(start) * 1000)
        talk = Talk(start_ms, start_ms + round(float(length) * 1000), speaker)
        recordings.setdefault(recording, []).append(talk)
    return recordings


def _frames(talks: Sequence[Talk], duration_ms: int) -> NDArray[np.bool_]:
    """Return bool [speakers, frames]."""
    speakers = sorted({talk.speaker for talk in talks})
    frames = np.zeros((len(speakers), -(-duration_ms // FRAME_MS)), np.bool_)
    for talk in talks:
        first, end = round(talk.start_ms / FRAME_MS), round(talk.end_ms / FRAME_MS)
        frames[speakers.index(talk.speaker), first:end] = True
    return frames
