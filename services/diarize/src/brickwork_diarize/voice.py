"""Describe the voice that is heard most in a few stretches of sound."""

from collections.abc import Iterable, Iterator

import numpy as np

from brickwork_diarize.clustering import SAME_SPEAKER_MIN, link
from brickwork_diarize.engine import SPEECH_MS_MIN, EmbedEvent, Progress, Voice
from brickwork_diarize.spans import too_short
from brickwork_diarize.speakers import groups_of
from brickwork_diarize.voices import Networks, Piece, find_pieces
from brickwork_diarize.windows import FRAME_SAMPLES, WINDOW_SAMPLES, Stretch
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock

_NEVER_SPLIT = -1.0
_FRAME_MS = FRAME_SAMPLES * 1000 / SAMPLE_RATE_HZ


def embed_blocks(
    blocks: Iterable[AudioBlock], networks: Networks, total_ms: int
) -> Iterator[EmbedEvent]:
    """Yield progress after each block, then the voice.

    Windows follow each other without overlap here: nothing but voices is looked for, so hearing
    all of it once is enough.

    Args:
        blocks: the sound, which need not hang together.
        networks: the two networks.
        total_ms: the length that the container declares, for progress only.

    Raises:
        InvalidInput: NO_SPEECH, SPEECH_TOO_SHORT.
    """
    pieces: list[Piece] = []
    alone_ms: list[float] = []
    for block in blocks:
        for start in range(0, block.samples.size, WINDOW_SAMPLES):
            samples = block.samples[start : start + WINDOW_SAMPLES]
            padded = np.pad(samples, (0, WINDOW_SAMPLES - samples.size))
            stretch = Stretch(len(pieces), padded)
            activity = networks.segment(stretch.windows())
            found = find_pieces(stretch, activity, networks, _NEVER_SPLIT)
            talking = sum(piece.frames.astype(np.int64) for piece in found)
            for piece in found:
                if piece.voice is not None:
                    pieces.append(piece)
                    alone_ms.append(float((piece.frames & (talking == 1)).sum()) * _FRAME_MS)
        yield Progress(
            min(block.start_ms + block.samples.size * 1000 // SAMPLE_RATE_HZ, total_ms), total_ms
        )
    yield _voice_of(pieces, alone_ms)


def _voice_of(pieces: list[Piece], alone_ms: list[float]) -> Voice:
    """Return the voice of the group of pieces that holds most speech."""
    if not pieces:
        raise too_short(0)
    groups = groups_of(pieces)
    labels = link(groups, stop=SAME_SPEAKER_MIN)
    spoken_ms = np.bincount(labels, weights=alone_ms)
    most = int(spoken_ms.argmax())
    if (speech_ms := round(float(spoken_ms[most]))) < SPEECH_MS_MIN:
        raise too_short(speech_ms)
    total = np.where(labels == most, alone_ms, 0.0) @ groups.sums
    vector = tuple(float(one) for one in total / np.linalg.norm(total))
    return Voice(vector, speech_ms, float(spoken_ms[most] / spoken_ms.sum()))
