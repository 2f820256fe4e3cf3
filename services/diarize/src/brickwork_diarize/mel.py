"""Turn samples into the mel powers that the voice network was trained on.

Source: Resemblyzer 0.1.4, `audio.py` and `hparams.py` (40 mels of 25 ms every 10 ms, plain
powers, no logarithm), on librosa 0.11 `feature.melspectrogram` with its defaults: frames centred,
zeros beyond the edges, a periodic Hann window, Slaney's mel scale and area norm.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
MEL_COUNT = 40

_FFT_SAMPLES = 400
# Slaney's scale is linear to 1 kHz, 200/3 Hz a mel, and beyond it 27 mels make a factor of 6.4.
_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def mel_powers(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mel powers of a stretch of samples.

    Args:
        samples: float32 [n], mono, 16 kHz, in [-1, 1].

    Returns:
        float32 [1 + n // 160, 40], not negative; frame i is centred on sample 160 i.
    """
    padded = np.pad(samples, _FFT_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    powers = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return powers @ mel_filters(MEL_COUNT).T


@cache
def mel_filters(count: int) -> NDArray[np.float32]:
    """Return triangular filters, float32 [count, 201], over the bins of a 25 ms spectrum."""
    bins_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1)
    edges_hz = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE_HZ / 2), count + 2))
    low, centre, high = (edges_hz[shift : count + shift, np.newaxis] for shift in range(3))
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (high - low)).astype(np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    phase = 2 * np.pi * np.arange(_FFT_SAMPLES) / _FFT_SAMPLES
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def _hz_to_mel(frequency_hz: float) -> float:
    if frequency_hz < _KNEE_HZ:
        return frequency_hz / _LINEAR_HZ_PER_MEL
    return float(_KNEE_MEL + np.log(frequency_hz / _KNEE_HZ) / _LOG_STEP)


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = _KNEE_HZ * np.exp(_LOG_STEP * (mels - _KNEE_MEL))
    return np.where(mels < _KNEE_MEL, mels * _LINEAR_HZ_PER_MEL, beyond)
