"""Finds speech for which the model wrote no words.

Whisper sometimes begins to write in the middle of its window and says nothing of what was before,
or stops short of its end. The voice activity detector knows better.
"""

from collections.abc import Iterator, Sequence

from brickwork_asr.clips import Speech
from brickwork_asr.engine import Word
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ

UNHEARD_MS_MIN = 2_000
"""Less speech than this without a word is a breath, a laugh, or the padding of the detector."""
_PADDING_MS = 400
"""The detector begins and ends each stretch so much early and late; that much is no speech.
Source: faster-whisper 1.2.1, VadOptions.speech_pad_ms."""
_PER_MS = SAMPLE_RATE_HZ // 1000


def unheard_speech(
    speech: Sequence[Speech], words: Sequence[Word], clip_start_ms: int
) -> Iterator[Speech]:
    """Yield stretches of a clip that hold at least two seconds of speech and no word.

    Args:
        speech: stretches of speech, in samples of the clip, in order.
        words: what was heard, in ms of the recording, in order.
        clip_start_ms: where the clip begins in the recording.
    """
    for gap_start, gap_end in _gaps(words, clip_start_ms):
        parts = [(max(start, gap_start), min(end, gap_end)) for start, end in speech]
        inside = [(start, end) for start, end in parts if end - start > _PADDING_MS * _PER_MS]
        if sum(end - start for start, end in inside) >= UNHEARD_MS_MIN * _PER_MS:
            yield inside[0][0], inside[-1][1]


def _gaps(words: Sequence[Word], clip_start_ms: int) -> Iterator[Speech]:
    """Yield the spans without a word, in samples of the clip; the last one never ends."""
    heard_until = 0
    for word in words:
        yield heard_until, (word.start_ms - clip_start_ms) * _PER_MS
        heard_until = max(heard_until, (word.end_ms - clip_start_ms) * _PER_MS)
    yield heard_until, 2**62
