"""Networks that hear tones, so that the whole way can be walked without a model."""

from pathlib import Path

import numpy as np
import pytest

from brickwork_diarize.voices import VOICE_SIZE, Floats
from brickwork_diarize.windows import FRAME_CENTRE_SAMPLES, FRAME_SAMPLES, WINDOW_FRAMES
from brickwork_sdk.models import ModelStore

ROOT = Path(__file__).resolve().parents[3]
LOW_HZ, HIGH_HZ = 400.0, 2400.0


class ToneNetworks:
    """Takes every tone for a speaker, and loud sound in neither band for nobody.

    The local speakers swap channels from window to window, as those of the real network may.
    """

    def __init__(self) -> None:
        self.window_count = 0

    def segment(self, windows: Floats) -> Floats:
        activity = np.zeros((len(windows), WINDOW_FRAMES, 3), np.float32)
        for window, sound in enumerate(windows):
            for channel, frequency_hz in enumerate((LOW_HZ, HIGH_HZ)):
                place = (channel + self.window_count) % 2
                activity[window, :, place] = tone_frames(sound, frequency_hz)
            self.window_count += 1
        return activity

    def embed(self, crops: Floats) -> Floats:
        voices = np.zeros((len(crops), VOICE_SIZE), np.float32)
        voices[np.arange(len(crops)), crops.sum(axis=1).argmax(axis=1)] = 1.0
        return voices


def tone_frames(samples: Floats, frequency_hz: float) -> Floats:
    """Return 1 for each frame in which the tone sounds, float32 [293]."""
    turn = np.exp(-2j * np.pi * frequency_hz / 16_000 * np.arange(samples.size))
    sums = np.cumsum(samples * turn)
    centres = FRAME_CENTRE_SAMPLES + FRAME_SAMPLES * np.arange(WINDOW_FRAMES)
    level = np.abs(sums[centres + 160] - sums[centres - 160]) / 320
    return np.asarray(level > 0.1, np.float32)


@pytest.fixture
def tone_networks() -> ToneNetworks:
    return ToneNetworks()


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Return the folder of the real model, which `make setup` builds."""
    return ModelStore(ROOT / ".brickwork" / "models").get("pyannote-ge2e").directory
