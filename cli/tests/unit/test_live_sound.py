"""Sound from a file or a pipe, as it is sent on."""

import io
import wave

import pytest

from brickwork_cli.live_sound import live_sound
from brickwork_sdk.errors import InvalidInput, Reason

SECOND = b"\x01\x00" * 8_000


def reader(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content))


def wav(channels: int = 1, sample_bytes: int = 2, sound: bytes = SECOND) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(sample_bytes)
        file.setframerate(8_000)
        file.writeframes(sound)
    return content.getvalue()


def test_a_wav_file_says_its_rate_and_raw_samples_have_the_one_that_is_named() -> None:
    for content in (wav(), SECOND):
        sound = live_sound(reader(content), 8_000)
        assert sound.rate_hz == 8_000
        chunks = list(sound.chunks)
        assert b"".join(chunks) == SECOND
        assert {len(chunk) for chunk in chunks} == {4_000}


def test_half_a_sample_at_the_end_of_a_pipe_is_left_out() -> None:
    assert b"".join(live_sound(reader(SECOND + b"\x01"), 16_000).chunks) == SECOND
    assert list(live_sound(reader(b"\x01"), 16_000).chunks) == []


@pytest.mark.parametrize("content", [wav(channels=2), wav(sample_bytes=1)])
def test_a_wav_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        live_sound(reader(content), 16_000)
    assert caught.value.reason is Reason.MEDIA_FORMAT_UNSUPPORTED


@pytest.mark.parametrize("content", [b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"RIFFnoise" * 9])
def test_a_damaged_wav_file_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        live_sound(reader(content), 16_000)
    assert caught.value.reason is Reason.MEDIA_UNREADABLE
