"""Find out who is heard alone in a window, and what those voices sound like."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.mel import HOP_SAMPLES, mel_powers
from brickwork_diarize.windows import (
    FRAME_CENTRE_SAMPLES,
    FRAME_SAMPLES,
    STEP_SAMPLES,
    WINDOW_FRAMES,
    Stretch,
)

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

ACTIVE_MIN = 0.4
"""A local speaker talks in the frames where the network is at least this sure. At 0.5 it misses
more: DER 42 instead of 39 % on ten half minutes of meetings, 44 instead of 41 % on four others."""
VOICE_SIZE = 256
"""Numbers in a voice."""
CROP_FRAMES = 160
"""The voice network was trained on 1.6 s. Source: Resemblyzer 0.1.4, `hparams.py`."""
_CROP_STEP_FRAMES = 80
_CROP_FRAMES_MIN = 40
"""Less than 0.4 s of a voice alone says too little of it: such speech is counted, not named."""
_LOUDNESS = 1e-3
"""Quiet voices are raised to -30 dBFS. Source: Resemblyzer 0.1.4, `audio.py`."""
_MEL_GAIN = 393.0
"""Sum of the mel powers of speech over its mean square, measured on a half minute of talk."""


class Networks(Protocol):
    """The two networks that listen."""

    def segment(self, windows: Floats) -> Floats:
        """Return float32 [n, 293, 3], activity in [0, 1], for float32 [n, 80000]."""
        ...

    def embed(self, crops: Floats) -> Floats:
        """Return float32 [n, 256] of length 1 for mel powers, float32 [n, 160, 40]."""
        ...


@dataclass(frozen=True)
class Piece:
    """What one person says in one window.

    Attributes:
        window: number of the window in the recording.
        channel: which of the network's three local speakers it is, from 0.
        frames: bool [293], where the person talks.
        voice: float32 [256] of length 1; None where too little is heard of the person alone.
    """

    window: int
    channel: int
    frames: Flags
    voice: Floats | None


@dataclass(frozen=True)
class _Crops:
    """The mel frames in which one local speaker is alone, cut into crops of 1.6 s."""

    window: int
    channel: int
    active: Flags
    frames: NDArray[np.int64]  # The window's frame of each mel frame.
    starts: tuple[int, ...]
    crops: Floats


def find_pieces(
    stretch: Stretch, activity: Floats, networks: Networks, same_voice_min: float
) -> list[Piece]:
    """Return what each person says in each window of a stretch.

    Args:
        stretch: n windows of sound.
        activity: float32 [n, 293, 3], what the segmentation network says of them.
        networks: for the voices.
        same_voice_min: neighbouring crops of a local speaker that agree less, as a cosine, are two
            people whom the first network took for one.
    """
    mel = mel_powers(stretch.samples)
    pieces: list[Piece] = []
    heard: list[_Crops] = []
    for place, active in enumerate(activity >= ACTIVE_MIN):
        window = stretch.first_window + place
        alone = active.sum(axis=1) == 1
        for channel in np.flatnonzero(active.any(axis=0)):
            mine = active[:, channel]
            rows, frames = _mel_rows(place, mine & alone, len(mel))
            if rows.size < _CROP_FRAMES_MIN:
                pieces.append(Piece(window, int(channel), mine, None))
            else:
                starts, crops = _cut(mel[rows])
                heard.append(_Crops(window, int(channel), mine, frames, starts, crops))
    if heard:
        voices = networks.embed(np.concatenate([one.crops for one in heard]))
        ends = np.cumsum([len(one.starts) for one in heard])[:-1]
        for one, own in zip(heard, np.split(voices, ends), strict=True):
            pieces.extend(_split(one, own, same_voice_min))
    return pieces


def _mel_rows(place: int, wanted: Flags, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the mel frames that lie in the wanted frames of a window, and those frames."""
    start = place * STEP_SAMPLES + FRAME_CENTRE_SAMPLES
    offsets = np.arange(count) * HOP_SAMPLES - start
    frames = np.round(offsets / FRAME_SAMPLES).astype(np.int64)
    rows = np.flatnonzero((frames >= 0) & (frames < WINDOW_FRAMES))
    rows = rows[wanted[frames[rows]]]
    return rows, frames[rows]


def _cut(mel: Floats) -> tuple[tuple[int, ...], Floats]:
    """Cut mel powers, float32 [m, 40], into crops [n, 160, 40]; a short voice is repeated."""
    loud = mel * max(1.0, _LOUDNESS * _MEL_GAIN / max(float(mel.sum(axis=1).mean()), 1e-12))
    spare = len(loud) - CROP_FRAMES
    if spare <= 0:
        return (0,), np.resize(loud, (1, CROP_FRAMES, loud.shape[1]))
    starts = list(range(0, spare + 1, _CROP_STEP_FRAMES))
    if spare - starts[-1] >= _CROP_STEP_FRAMES // 2:
        starts.append(spare)
    return tuple(starts), np.stack([loud[start : start + CROP_FRAMES] for start in starts])


def _split(crops: _Crops, voices: Floats, same_voice_min: float) -> Iterable[Piece]:
    """Yield one piece, or more where the voice changes within a local speaker."""
    edges = [0, *_changes(crops.starts, voices, same_voice_min), len(crops.frames)]
    for first, end in pairwise(edges):
        inside = [
            number
            for number, start in enumerate(crops.starts)
            if first <= start and min(start + CROP_FRAMES, len(crops.frames)) <= end
        ]
        frames = crops.active.copy()
        if first > 0:
            frames[: crops.frames[first]] = False
        if end < len(crops.frames):
            frames[crops.frames[end] :] = False
        yield Piece(crops.window, crops.channel, frames, _direction(voices[inside].sum(axis=0)))


def _changes(starts: tuple[int, ...], voices: Floats, same_voice_min: float) -> list[int]:
    """Return between which mel frames the voice changes, the clearest change first taken.

    A change is where two crops that touch without overlapping disagree; every part that is
    left holds at least one whole crop.
    """
    pairs = [
        (float(voices[left] @ voices[right]), starts[right])
        for left in range(len(starts))
        for right in range(left + 1, len(starts))
        if starts[right] == starts[left] + CROP_FRAMES
    ]
    changes: list[int] = []
    for agreement, place in sorted(pairs):
        far = all(abs(place - other) >= CROP_FRAMES for other in changes)
        if agreement < same_voice_min and far:
            changes.append(place)
    return sorted(changes)


def _direction(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
