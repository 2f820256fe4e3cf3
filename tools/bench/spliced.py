"""Read speech that is cut together, with the truth about who reads when.

The pieces come from the readings of `tests/data`, three human readers and three synthetic voices.
A pause within a piece counts as speech of its reader, whatever is measured.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from tools.bench.diarization_error import Talk
from tools.quality import CLIPS, ROOT

Floats = NDArray[np.float32]

VOICES = {
    "austen": (CLIPS / "austen-1.flac", CLIPS / "austen-3.flac", CLIPS / "austen-4.flac"),
    "dickens": (CLIPS / "dickens.flac",),
    "shakespeare": (CLIPS / "shakespeare.flac",),
    "dora": (CLIPS / "portuguese.flac",),
    "siwis": (CLIPS / "french.flac",),
    "joe": (ROOT / "tests" / "data" / "reading" / "alice-1.ogg",),
}
READING_SECONDS = 60.0
"""Of each file at most."""
PIECE_SECONDS = (1.2, 4.0)
PAUSE_SECONDS = (0.05, 0.3)
PIECE_COUNT = 14
LOUDNESS = 0.06
"""Root mean square of every piece; an editor levels what is cut together."""
_SILENT = 0.1
"""What is quieter than this part of a piece's loudness at its ends is cut off."""


@dataclass(frozen=True, eq=False)
class Splice:
    """A recording, float32 [n], mono, 16 kHz, and who reads when."""

    samples: Floats
    truth: list[Talk]


def splices(count: int) -> Iterator[Splice]:
    """Yield so many recordings of about 40 s with two to four readers, the same each time."""
    read = {voice: read_voice(voice) for voice in VOICES}
    for seed in range(count):
        yield _splice(np.random.default_rng(seed), read, 2 + seed % 3)


def _splice(random: np.random.Generator, read: Mapping[str, Floats], readers: int) -> Splice:
    voices = [str(voice) for voice in random.choice(sorted(read), readers, replace=False)]
    parts, truth = [_pause(random)], list[Talk]()
    voice, end = "", parts[0].size
    for _ in range(PIECE_COUNT):
        voice = str(random.choice([other for other in voices if other != voice]))
        piece, pause = _piece(random, read[voice]), _pause(random)
        start_ms, end_ms = (1000 * at // SAMPLE_RATE_HZ for at in (end, end + piece.size))
        truth.append(Talk(start_ms, end_ms, voice))
        parts += [piece, pause]
        end += piece.size + pause.size
    return Splice(np.concatenate(parts), truth)


def _piece(random: np.random.Generator, sound: Floats) -> Floats:
    """Cut a piece out of a reading, without silence at its ends."""
    length = min(round(random.uniform(*PIECE_SECONDS) * SAMPLE_RATE_HZ), sound.size)
    start = int(random.integers(0, sound.size - length + 1))
    piece = sound[start : start + length]
    level = np.sqrt(np.convolve(piece**2, np.full(320, 1 / 320), "same"))
    loud = np.flatnonzero(level > _SILENT * level.max())
    piece = piece[loud[0] : loud[-1] + 1]
    return np.asarray(piece * LOUDNESS / np.sqrt(np.mean(piece**2)), np.float32)


def _pause(random: np.random.Generator) -> Floats:
    return np.zeros(round(random.uniform(*PAUSE_SECONDS) * SAMPLE_RATE_HZ), np.float32)


def read_voice(voice: str) -> Floats:
    """Return what a reader reads, float32 [n], mono, 16 kHz."""
    blocks = [next(read_audio(path, block_seconds=READING_SECONDS)) for path in VOICES[voice]]
    return np.concatenate([block.samples for block in blocks])
