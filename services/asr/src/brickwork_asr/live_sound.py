"""The sound of a live stream as the models for speech take it; in the engine process only."""

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from brickwork_asr.clips import Samples
from brickwork_asr.engine import HearRequest
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ


def samples_of(request: HearRequest) -> Samples:
    """Return the sound of a request: float32 [n], mono, 16 kHz, in [-1, 1]."""
    if request.encoding == "pcm_s16le":
        samples = np.frombuffer(request.sound, "<i2").astype(np.float32) / 32768.0
    else:
        samples = np.clip(np.frombuffer(request.sound, "<f4"), -1.0, 1.0)
    if request.sample_rate_hz == SAMPLE_RATE_HZ or len(samples) == 0:
        return samples
    frame = AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate = request.sample_rate_hz
    resampler = AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    parts: list[av.AudioFrame] = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray()[0] for part in parts])
