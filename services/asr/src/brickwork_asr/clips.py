"""Cuts a stream of sound into clips of speech that fit the model's window."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock

CLIP_SECONDS_MAX = 30.0
"""The window of Whisper. Source: Radford et al. 2022, section 2.2."""
_CLIP_SAMPLES_MAX = int(CLIP_SECONDS_MAX * SAMPLE_RATE_HZ)
_MARGIN_SAMPLES = SAMPLE_RATE_HZ
"""Speech that ends this close to what has been read so far may go on; it waits for more."""

Samples = NDArray[np.float32]
Speech = tuple[int, int]
FindSpeech = Callable[[Samples], list[Speech]]
"""Finds stretches of speech, as (start, end) in samples, none longer than a clip."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Sound to transcribe at once.

    Attributes:
        start_ms: where it begins in the recording.
        samples: float32 [n], mono, 16 kHz, n at most 30 s.
        speech: the stretches of it in which somebody speaks, in samples of the clip.
        heard_ms: everything before this has been heard once this clip is done.
    """

    start_ms: int
    samples: Samples
    speech: tuple[Speech, ...]
    heard_ms: int

    @property
    def speech_seconds(self) -> float:
        """How long somebody speaks in it."""
        return sum(end - start for start, end in self.speech) / SAMPLE_RATE_HZ


def cut_clips(blocks: Iterable[AudioBlock], find_speech: FindSpeech) -> Iterator[Clip]:
    """Yield clips in order of time.

    Neighbouring stretches of speech share a clip as long as they fit into it, pauses included: the
    model works a whole window however little is in it. What is held is one block and less than
    two windows, however long the recording is.
    """
    held = np.zeros(0, np.float32)
    held_from = 0  # sample of the recording at which `held` begins
    for block in blocks:
        block_from = _samples(block.start_ms)
        if len(held) == 0:
            held_from = block_from
        held = np.concatenate([held, block.samples])
        groups = _grouped(find_speech(held))
        ready = [group for group in groups[:-1] if group[-1][1] < len(held) - _MARGIN_SAMPLES]
        yield from (_clip(held, held_from, group) for group in ready)
        keep = _keep_from(groups[len(ready) :], len(held))
        held, held_from = held[keep:], held_from + keep
    yield from (_clip(held, held_from, group) for group in _grouped(find_speech(held)))


def _grouped(speech: list[Speech]) -> list[list[Speech]]:
    groups: list[list[Speech]] = []
    for stretch in speech:
        if groups and stretch[1] - groups[-1][0][0] <= _CLIP_SAMPLES_MAX:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    return groups


def _keep_from(waiting: list[list[Speech]], length: int) -> int:
    """Tell from where on sound must be kept: the speech that waits, or its possible beginning."""
    return waiting[0][0][0] if waiting else max(0, length - _MARGIN_SAMPLES)


def _clip(held: Samples, held_from: int, group: list[Speech]) -> Clip:
    first, last = group[0][0], group[-1][1]
    speech = tuple((start - first, end - first) for start, end in group)
    return Clip(_ms(held_from + first), held[first:last], speech, _ms(held_from + last))


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ
