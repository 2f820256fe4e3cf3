"""How often voices are taken for the same person's wrongly, or not taken for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.engine import Voice
from brickwork_diarize.voice import embed_blocks
from brickwork_diarize.voices import Networks
from brickwork_sdk.errors import InvalidInput
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock
from tools.bench.meetings import meetings
from tools.bench.spliced import VOICES, read_voice

Floats = NDArray[np.float32]

SAMPLE_SECONDS = 8.0
"""Speech of each sample of a voice, and at least half of it."""
SAMPLES_MAX = 4
"""Of each voice, so that no long reading decides alone."""
_PER_MS = SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True, eq=False)
class Sample:
    """A few seconds in which one person talks alone.

    Attributes:
        person: who, over all recordings.
        is_tuned: whether the least similarity of a match was chosen by it.
        sound: float32 [n], mono, 16 kHz.
    """

    person: str
    is_tuned: bool
    sound: Floats


@dataclass(frozen=True, eq=False)
class Trials:
    """Similarities of pairs of samples, of one person and of two people."""

    same: NDArray[np.float64]
    other: NDArray[np.float64]
    person_count: int

    def false_reject_rate(self, similarity_min: float) -> float:
        """Return how many pairs of one person are taken for two, in [0, 1]."""
        return float((self.same < similarity_min).mean())

    def false_accept_rate(self, similarity_min: float) -> float:
        """Return how many pairs of two people are taken for one, in [0, 1]."""
        return float((self.other >= similarity_min).mean())


def samples() -> Iterator[Sample]:
    """Yield samples of everybody who talks alone for long enough."""
    for meeting in meetings():
        for speaker in sorted({talk.speaker for talk in meeting.truth}):
            parts = [
                meeting.samples[start * _PER_MS : end * _PER_MS]
                for start, end in meeting.alone(speaker)
            ]
            for one in _cut(parts):
                yield Sample(speaker, meeting.is_tuned, one)
    for voice in VOICES:
        for one in _cut([read_voice(voice)]):
            yield Sample(voice, True, one)


def _cut(parts: Sequence[Floats]) -> list[Floats]:
    """Gather parts in order into samples; what is left at the end may be half as long."""
    whole = np.concatenate([np.zeros(0, np.float32), *parts])
    length = round(SAMPLE_SECONDS * SAMPLE_RATE_HZ)
    pieces = [whole[start : start + length] for start in range(0, whole.size, length)]
    return [piece for piece in pieces if piece.size >= length // 2][:SAMPLES_MAX]


def voice_of(sample: Sample, networks: Networks) -> Voice | None:
    """Return the voice of a sample; None where the engine finds too little of one."""
    try:
        *_, voice = embed_blocks([AudioBlock(0, sample.sound)], networks, 0)
    except InvalidInput:
        return None
    assert isinstance(voice, Voice)
    return voice


def trials(found: Sequence[tuple[Sample, Voice]]) -> Trials:
    """Compare every sample with every other."""
    vectors = np.array([voice.vector for _, voice in found])
    people = np.array([sample.person for sample, _ in found])
    table = vectors @ vectors.T
    same = people[:, np.newaxis] == people
    once = np.triu(np.ones(table.shape, np.bool_), 1)
    return Trials(table[same & once], table[~same & once], len(set(people)))
