"""Real talk with known turns: the recordings of `tests/data/meetings`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brickwork_sdk.media.audio import read_audio
from tools.bench.diarization_error import Talk, read_rttm
from tools.quality import ROOT

Floats = NDArray[np.float32]

FOLDER = ROOT / "tests" / "data" / "meetings"


@dataclass(frozen=True, eq=False)
class Meeting:
    """A recording, float32 [n], mono, 16 kHz, and who speaks when.

    Attributes:
        name: of its file.
        samples: the sound.
        truth: all turns.
        is_tuned: whether values of the engine were chosen by it.
    """

    name: str
    samples: Floats
    truth: Sequence[Talk]
    is_tuned: bool

    def alone(self, speaker: str) -> list[tuple[int, int]]:
        """Return the spans, in milliseconds, in which this speaker alone talks."""
        edges = sorted({edge for talk in self.truth for edge in (talk.start_ms, talk.end_ms)})
        spans: list[tuple[int, int]] = []
        for start, end in pairwise(edges):
            talking = {
                one.speaker for one in self.truth if one.start_ms < end and start < one.end_ms
            }
            if talking == {speaker}:
                if spans and spans[-1][1] == start:
                    start = spans.pop()[0]
                spans.append((start, end))
        return spans


def meetings() -> Iterator[Meeting]:
    """Yield all of them; the first ten were there when the engine's values were chosen."""
    truth = read_rttm(FOLDER / "turns.rttm")
    for path in sorted(FOLDER.glob("*.flac")):
        yield Meeting(path.stem, _samples(path), truth[path.stem], path.stem.startswith("tr"))


def _samples(path: Path) -> Floats:
    return np.concatenate([block.samples for block in read_audio(path)])
