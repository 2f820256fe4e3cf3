"""When the engine is asked again, by times that are told."""

from collections.abc import Iterable
from itertools import cycle, islice, pairwise

import pytest

from brickwork_asr.engine import Hypothesis
from brickwork_asr.live_buffer import LiveBuffer, SoundForm
from brickwork_asr.live_course import STEP_MS_MIN, LiveCourse
from brickwork_asr.live_source import HELD_MS_MAX
from brickwork_asr.scripted_engine import ScriptedAsrEngine
from brickwork_sdk.engine.budget import Budget

FORM = SoundForm("pcm_s16le", 8_000)
STREAM_MS = 120_000


def asked_ms(steps_seconds: Iterable[float]) -> list[int]:
    """Return when the engine is asked in two minutes of speech, by the clock of the sound."""
    sound, engine = b"\x01\x00" * (FORM.size_bytes(STREAM_MS) // 2), ScriptedAsrEngine(Budget())
    buffer = LiveBuffer(FORM)
    course, now_ms, asked, words = LiveCourse(buffer, None), 0, list[int](), list[str]()
    seconds = iter(steps_seconds)
    while not course.is_over:
        now_ms = min(max(now_ms, course.wanted_ms), STREAM_MS)
        buffer.append(sound[FORM.size_bytes(buffer.end_ms) : FORM.size_bytes(now_ms)])
        asked.append(now_ms)
        order = course.ask(is_full=False, is_over=now_ms == STREAM_MS)
        assert FORM.ms(len(order.sound)) <= HELD_MS_MAX, "more is held than can be heard"
        (answer,) = engine.hear(order)
        assert isinstance(answer, Hypothesis)
        took = next(seconds)
        for segment in course.take(answer, took):
            words += segment.text.split()
        now_ms += round(took * 1_000)
    assert len(words) == STREAM_MS // 1_000
    return asked


def test_one_slow_step_does_not_put_off_the_next() -> None:
    asked = asked_ms([0.2, 0.2, 5.0, *[0.2] * 200])
    assert asked[:6] == [1_000, 2_000, 3_000, 8_000, 9_000, 10_000]


def test_the_first_step_which_may_be_slow_for_other_reasons_does_not_count_alone() -> None:
    assert asked_ms([3.0, *[0.2] * 200])[:3] == [1_000, 4_000, 5_000]


def test_a_slow_engine_is_asked_less_often_and_the_stream_leaves_it_a_fifth() -> None:
    asked = asked_ms([2.0] * 100)
    assert asked[:4] == [1_000, 3_000, 5_500, 8_000]


@pytest.mark.parametrize("steps_seconds", [[0.1], [4.0], [6.0, 0.1], [0.1, 0.1, 8.0], [1.0, 3.0]])
def test_whatever_the_steps_take_no_sound_heaps_up(steps_seconds: list[float]) -> None:
    asked = asked_ms(islice(cycle(steps_seconds), 300))
    waits_ms = [later - earlier for earlier, later in pairwise(asked)]
    slowest_ms = round(max(steps_seconds) * 1_000)
    assert max(waits_ms) <= max(STEP_MS_MIN, slowest_ms * 5 // 4)
