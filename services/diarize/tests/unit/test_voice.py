from collections.abc import Iterator

import numpy as np
import pytest

from brickwork_diarize.engine import Progress, Voice
from brickwork_diarize.voice import embed_blocks
from brickwork_diarize.voices import Floats, Networks
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import AudioBlock
from brickwork_sdk.testing.recordings import silence, tone

LOW_HZ, HIGH_HZ = 400.0, 2400.0


def blocks(*sounds: Floats) -> Iterator[AudioBlock]:
    return (AudioBlock(20_000 * number, sound) for number, sound in enumerate(sounds))


def voice(networks: Networks, *sounds: Floats) -> Voice:
    *progress, found = embed_blocks(blocks(*sounds), networks, 60_000)
    assert [type(event) for event in progress] == [Progress] * len(sounds)
    assert isinstance(found, Voice)
    return found


def test_one_voice_is_all_of_the_speech(tone_networks: Networks) -> None:
    low = voice(tone_networks, tone(7, frequency_hz=LOW_HZ))
    assert np.linalg.norm(low.vector) == pytest.approx(1.0)
    assert (low.share, abs(low.speech_ms - 7_000) < 200) == (1.0, True)


def test_the_same_voice_elsewhere_has_the_same_vector(tone_networks: Networks) -> None:
    low, high = tone(6, frequency_hz=LOW_HZ), tone(6, frequency_hz=HIGH_HZ)
    one, other = voice(tone_networks, low), voice(tone_networks, np.concatenate([silence(3), low]))
    assert np.dot(one.vector, other.vector) == pytest.approx(1.0)
    assert np.dot(one.vector, voice(tone_networks, high).vector) == pytest.approx(0.0)


def test_of_two_voices_the_one_that_is_heard_most_is_described(tone_networks: Networks) -> None:
    low, high = tone(10, frequency_hz=LOW_HZ), tone(5, frequency_hz=HIGH_HZ)
    both = voice(tone_networks, low, high)
    assert np.dot(both.vector, voice(tone_networks, low).vector) == pytest.approx(1.0)
    assert both.share == pytest.approx(2 / 3, abs=0.02)


def test_who_talks_at_the_same_time_as_another_is_not_heard(tone_networks: Networks) -> None:
    mixed = tone(5, frequency_hz=LOW_HZ) + tone(5, frequency_hz=HIGH_HZ)
    with pytest.raises(InvalidInput) as caught:
        voice(tone_networks, mixed)
    assert caught.value.reason is Reason.NO_SPEECH


def test_too_little_of_a_voice_is_refused_with_both_lengths(tone_networks: Networks) -> None:
    with pytest.raises(InvalidInput) as caught:
        voice(tone_networks, tone(2, frequency_hz=LOW_HZ))
    assert caught.value.reason is Reason.SPEECH_TOO_SHORT
    assert int(caught.value.metadata["speech_ms"]) < 2_100


@pytest.mark.parametrize("sound", [silence(0), silence(9)])
def test_where_nobody_talks_there_is_no_voice(tone_networks: Networks, sound: Floats) -> None:
    with pytest.raises(InvalidInput) as caught:
        voice(tone_networks, sound)
    assert caught.value.reason is Reason.NO_SPEECH
