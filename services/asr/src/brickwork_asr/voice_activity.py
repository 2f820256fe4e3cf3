"""Finds speech in sound, whatever engine will hear it."""

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from brickwork_asr.clips import CLIP_SECONDS_MAX, Samples, Speech
from brickwork_sdk.engine.data_limit import close_holes

_VAD = VadOptions(max_speech_duration_s=CLIP_SECONDS_MAX, min_silence_duration_ms=160)
"""As faster-whisper's own batched call sets it, so that results can be compared."""


def find_speech(samples: Samples) -> list[Speech]:
    """Return stretches of speech in float32 [n] at 16 kHz, none longer than a clip."""
    if len(samples) == 0:
        return []
    stretches = get_speech_timestamps(np.ascontiguousarray(samples), _VAD)
    # The detector's arrays are large and each time of another size; the holes that they leave in
    # the heap would make it grow by a sixth within an hour.
    close_holes()
    return [(stretch["start"], stretch["end"]) for stretch in stretches]
