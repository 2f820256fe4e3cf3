"""Tell speakers apart in the plain way: windows of speech, gathered by agglomerative clustering.

What an engine for speakers is measured against. Its settings were written down before anything
had been measured with them, and are not to be changed: a better one would be another measure.

Source: the recipe of Kaldi, `egs/callhome_diarization/v2` (windows of 1.5 s, half overlapping,
average linkage), with the voice network and the loudness of Resemblyzer 0.1.4 and the voice
activity of Silero 6 in place of its own.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from brickwork_diarize.mel import HOP_SAMPLES, mel_powers
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ
from tools.bench.diarization_error import Talk

Floats = NDArray[np.float32]
Embed = Callable[[Floats], Floats]
"""Makes voices, float32 [n, 256] of length 1, of mel powers, float32 [n, 160, 40]."""

WINDOW_FRAMES = 160
"""1.6 s: what the voice network was trained on."""
STEP_FRAMES = 80
SAME_SPEAKER_MIN = 0.65
"""Windows whose voices agree less on average, as a cosine, are two speakers."""
SPEECH = VadOptions(
    threshold=0.5, min_speech_duration_ms=250, min_silence_duration_ms=100, speech_pad_ms=30
)
"""Silero's own defaults; those of faster-whisper join what is two seconds apart."""
LOUDNESS = 1e-3
"""Quiet recordings are raised to -30 dBFS. Source: Resemblyzer 0.1.4, `audio.py`."""


def tell_apart(samples: Floats, embed: Embed) -> list[Talk]:
    """Return who speaks when, one at a time.

    Args:
        samples: float32 [n], mono, 16 kHz, in [-1, 1].
        embed: the voice network.
    """
    # Before anything else, as Resemblyzer does: Silero hears no speech in quiet rooms.
    gain = max(1.0, float(np.sqrt(LOUDNESS / max(float(np.mean(samples**2)), 1e-12))))
    loud = np.clip(samples * np.float32(gain), -1.0, 1.0)
    spans = get_speech_timestamps(loud, SPEECH)
    if not spans:
        return []
    windows = [window for span in spans for window in _windows(loud[span["start"] : span["end"]])]
    labels = _labels(embed(np.stack(windows)))
    talks: list[Talk] = []
    for span in spans:
        count = len(_starts(_frame_count(span["end"] - span["start"])))
        talks += _talks(span["start"], span["end"], labels[:count])
        labels = labels[count:]
    return talks


def _windows(samples: Floats) -> Iterator[Floats]:
    """Yield mel powers, float32 [160, 40]; speech that is shorter than a window is repeated."""
    mel = mel_powers(samples)[: _frame_count(samples.size)]
    for start in _starts(len(mel)):
        window = mel[start : start + WINDOW_FRAMES]
        yield np.resize(window, (WINDOW_FRAMES, mel.shape[1]))


def _frame_count(sample_count: int) -> int:
    return 1 + sample_count // HOP_SAMPLES


def _starts(frame_count: int) -> range:
    return range(0, max(1, frame_count - WINDOW_FRAMES + STEP_FRAMES), STEP_FRAMES)


def _labels(voices: Floats) -> list[int]:
    """Return the speaker of each voice."""
    if len(voices) == 1:
        return [0]
    tree = linkage(voices, method="average", metric="cosine")
    return [int(label) for label in fcluster(tree, 1.0 - SAME_SPEAKER_MIN, "distance")]


def _talks(start: int, end: int, labels: Sequence[int]) -> Iterator[Talk]:
    """Yield what is said in a span of samples; of two windows, the nearer one says by whom."""
    step = STEP_FRAMES * HOP_SAMPLES
    overlap = (WINDOW_FRAMES - STEP_FRAMES) * HOP_SAMPLES
    edges = [start, *(start + step * place + overlap // 2 for place in range(1, len(labels))), end]
    per_ms = SAMPLE_RATE_HZ // 1000
    for first, last, label in zip(edges, edges[1:], labels, strict=False):
        yield Talk(first // per_ms, last // per_ms, f"P{label}")
