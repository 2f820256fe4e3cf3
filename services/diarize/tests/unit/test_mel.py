from pathlib import Path

import numpy as np

from brickwork_diarize.mel import mel_powers

REFERENCE = Path(__file__).parents[1] / "data" / "mel-reference.npz"


def test_mel_powers_are_those_of_librosa() -> None:
    reference = np.load(REFERENCE)
    powers = mel_powers(reference["wav_int16"].astype(np.float32) / 32767)
    assert powers.dtype == np.float32
    np.testing.assert_allclose(powers, reference["mel"], rtol=1e-3, atol=1e-6)


def test_silence_has_no_power() -> None:
    assert mel_powers(np.zeros(1_600, np.float32)).tolist() == np.zeros((11, 40)).tolist()
