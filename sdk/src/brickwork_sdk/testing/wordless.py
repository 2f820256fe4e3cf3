"""Sound in which nobody speaks, and which a model of speech may take for words all the same."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_RATE_HZ = 16_000
_PEAK = 0.5
_CHORDS_HZ = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
_MELODY_HZ = (440.0, 523.3, 493.9, 392.0, 349.2, 440.0, 329.6, 587.3)


def white_noise(seconds: float) -> Samples:
    """Return noise with as much of every frequency: float32 [n], mono, peak 0.5."""
    return _at_peak(_noise(seconds))


def pink_noise(seconds: float) -> Samples:
    """Return noise that falls by 3 dB an octave, as rooms and fans do: float32 [n], mono."""
    spectrum = np.fft.rfft(_noise(seconds))
    hertz = np.maximum(np.fft.rfftfreq(round(seconds * _RATE_HZ), 1 / _RATE_HZ), 20.0)
    return _at_peak(np.fft.irfft(spectrum / np.sqrt(hertz), round(seconds * _RATE_HZ)))


def tones(seconds: float) -> Samples:
    """Return what telephones and machines say: beeps by turns over a hum, float32 [n], mono."""
    time = _time(seconds)
    beep = np.sin(2 * np.pi * np.where(time % 2 < 1, 425.0, 1400.0) * time) * (time % 0.5 < 0.25)
    hum = sum(np.sin(2 * np.pi * 50.0 * times * time) / times for times in (1, 2, 3))
    return _at_peak(beep + 0.3 * hum)


def music(seconds: float) -> Samples:
    """Return a tune of plucked strings over chords and a drum: float32 [n], mono.

    Its notes have the harmonics and the fall of a voice, and come as often as syllables.
    """
    time = _time(seconds)
    chord = _notes(time, [np.array(one) for one in _CHORDS_HZ], note_seconds=2.0, fall=0.5)
    melody = _notes(time, [np.array([one]) for one in _MELODY_HZ], note_seconds=0.3, fall=3.0)
    drum = _noise(seconds) * np.exp(-20.0 * (time % 0.6))
    return _at_peak(chord + 2.0 * melody + 0.5 * drum)


def _notes(
    time: NDArray[np.float64], pitches: list[NDArray[np.float64]], note_seconds: float, fall: float
) -> NDArray[np.float64]:
    """Return notes one after the other, each of several pitches with eight harmonics."""
    which = (time / note_seconds).astype(int) % len(pitches)
    sound = np.zeros(len(time))
    for number, hertz in enumerate(pitches):
        for pitch in hertz:
            for harmonic in range(1, 9):
                wave = np.sin(2 * np.pi * pitch * harmonic * time) / harmonic
                sound += np.where(which == number, wave, 0.0)
    return sound * np.exp(-fall * (time % note_seconds))


def _noise(seconds: float) -> NDArray[np.float64]:
    return np.random.default_rng(1).standard_normal(round(seconds * _RATE_HZ))


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * _RATE_HZ)) / _RATE_HZ


def _at_peak(sound: NDArray[np.float64]) -> Samples:
    return np.asarray(_PEAK * sound / np.abs(sound).max(), np.float32)
