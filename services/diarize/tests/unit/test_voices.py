import numpy as np
import pytest

from brickwork_diarize.voices import VOICE_SIZE, Floats, find_pieces
from brickwork_diarize.windows import WINDOW_FRAMES, WINDOW_SAMPLES, Stretch

SPLIT = 0.55


class LoudestMel:
    """A voice is the mel with most power."""

    def __init__(self) -> None:
        self.crops: list[Floats] = []

    def segment(self, windows: Floats) -> Floats:
        raise AssertionError("the pieces are found from given activity")

    def embed(self, crops: Floats) -> Floats:
        self.crops.append(crops)
        voices = np.zeros((len(crops), VOICE_SIZE), np.float32)
        voices[np.arange(len(crops)), crops.sum(axis=1).argmax(axis=1)] = 1.0
        return voices


def stretch(*pitches_hz: float, level: float = 0.3) -> Stretch:
    """Five seconds of one tone after the other."""
    time = np.arange(WINDOW_SAMPLES // len(pitches_hz)) / 16_000
    tones = [level * np.sin(2 * np.pi * pitch_hz * time) for pitch_hz in pitches_hz]
    sound = np.concatenate(tones)
    return Stretch(7, np.pad(sound, (0, WINDOW_SAMPLES - sound.size)).astype(np.float32))


def activity(*spans: tuple[int, int, int]) -> Floats:
    frames = np.zeros((1, WINDOW_FRAMES, 3), np.float32)
    for first, end, channel in spans:
        frames[0, first:end, channel] = 0.9
    return frames


def test_only_frames_with_one_speaker_make_a_voice() -> None:
    heard = activity((0, 200, 0), (100, 293, 2))
    one, other = find_pieces(stretch(500, 500, 3000), heard, LoudestMel(), SPLIT)
    assert (one.window, one.channel) == (7, 0)
    assert (other.window, other.channel) == (7, 2)
    assert np.flatnonzero(one.frames).tolist() == list(range(200))
    assert one.voice is not None
    assert other.voice is not None
    assert one.voice @ other.voice == 0.0


def test_a_voice_that_is_never_heard_alone_stays_without_a_name() -> None:
    pieces = find_pieces(stretch(500), activity((0, 200, 0), (50, 90, 1)), LoudestMel(), SPLIT)
    assert [piece.voice is None for piece in sorted(pieces, key=lambda p: p.channel)] == [
        False,
        True,
    ]


def test_two_voices_that_the_network_took_for_one_are_split() -> None:
    pieces = find_pieces(stretch(500, 3000), activity((0, 293, 0)), LoudestMel(), SPLIT)
    assert len(pieces) == 2
    first, second = pieces
    assert first.voice is not None
    assert second.voice is not None
    assert first.voice @ second.voice == 0.0
    assert not (first.frames & second.frames).any()
    assert (first.frames | second.frames).all()
    assert abs(int(first.frames.sum()) - WINDOW_FRAMES // 2) <= 48  # Half a crop.


def test_voices_that_the_network_took_for_one_stay_one_where_nothing_is_split() -> None:
    pieces = find_pieces(stretch(500, 3000), activity((0, 293, 0)), LoudestMel(), -1.0)
    assert len(pieces) == 1


def test_one_voice_is_not_split() -> None:
    assert len(find_pieces(stretch(500), activity((0, 293, 0)), LoudestMel(), SPLIT)) == 1


@pytest.mark.parametrize("level", [0.001, 0.01])
def test_quiet_voices_are_raised_to_one_loudness(level: float) -> None:
    quiet, quieter = LoudestMel(), LoudestMel()
    find_pieces(stretch(500, level=level), activity((0, 293, 0)), quiet, SPLIT)
    find_pieces(stretch(500, level=level / 2), activity((0, 293, 0)), quieter, SPLIT)
    np.testing.assert_allclose(quiet.crops[0], quieter.crops[0], rtol=1e-3)


def test_silence_has_no_pieces() -> None:
    assert find_pieces(stretch(500), activity(), LoudestMel(), SPLIT) == []
