"""The sound of a live stream that is held."""

import pytest

from brickwork_asr.live_buffer import SAMPLE_RATES_HZ, LiveBuffer, SoundForm


@pytest.mark.parametrize("rate_hz", SAMPLE_RATES_HZ)
def test_what_is_cut_and_what_is_left_make_the_whole(rate_hz: int) -> None:
    form = SoundForm("pcm_f32le", rate_hz)
    buffer, second = LiveBuffer(form), bytes(range(4)) * rate_hz
    for _ in range(3):
        buffer.append(second)
    assert (buffer.start_ms, buffer.end_ms, buffer.length_ms) == (0, 3_000, 3_000)
    buffer.cut(1_234)
    assert abs(buffer.start_ms - 1_234) <= 1
    assert buffer.end_ms == 3_000
    assert len(buffer.sound) == len(second) * 3 - form.size_bytes(1_234)
    assert buffer.sound[:4] == bytes(range(4)), "a sample was cut in two"


def test_nothing_is_cut_twice_and_nothing_before_it_came() -> None:
    buffer = LiveBuffer(SoundForm("pcm_s16le", 16_000))
    buffer.append(bytes(32_000))
    buffer.cut(500)
    buffer.cut(200)
    assert buffer.start_ms == 500
    buffer.cut(9_000)
    assert (buffer.start_ms, buffer.sound) == (1_000, b"")
