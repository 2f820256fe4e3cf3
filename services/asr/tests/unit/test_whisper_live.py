"""The fast model itself on sound that grows, as it does when somebody speaks."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from brickwork_asr.engine import HearRequest, Hypothesis, Segment
from brickwork_asr.live_buffer import LiveBuffer, SoundForm
from brickwork_asr.live_course import LiveCourse
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.models import ModelStore

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[4]
CLIP = ROOT / "tests" / "data" / "recordings" / "austen-2.flac"
FORM = SoundForm("pcm_s16le", 16_000)
SAID = "He was not an old-sposed young man."  # which is how the fast model hears "ill-disposed"


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    models = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
    loaded = load(ModelStore(models).get("whisper-tiny.en").directory, {})
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def sound() -> bytes:
    samples = np.concatenate([block.samples for block in read_audio(CLIP)])
    return (samples * 32_767).astype("<i2").tobytes()


def hypothesis(engine: WhisperEngine, request: HearRequest) -> Hypothesis:
    *_, last = engine.hear(request)
    assert isinstance(last, Hypothesis)
    return last


def test_words_become_final_while_the_sound_grows(engine: WhisperEngine, sound: bytes) -> None:
    buffer = LiveBuffer(FORM)
    course, finals = LiveCourse(buffer, None), list[list[Segment]]()
    for cut_ms in (0, 1_500, 2_400, 2_990):
        buffer.append(sound[FORM.size_bytes(buffer.end_ms) : FORM.size_bytes(cut_ms)])
        answer = hypothesis(engine, course.ask(is_full=False, is_over=cut_ms == 2_990))
        finals.append(course.take(answer, 0.5))
    assert finals[0] == finals[1] == []
    assert finals[2], "nothing was final before the end"
    words = [word for found in finals for segment in found for word in segment.words]
    assert " ".join(word.text for word in words) == SAID
    assert 0 <= words[0].start_ms < 600
    assert all(one.end_ms <= next_one.start_ms for one, next_one in pairwise(words))
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in words)


def test_what_was_said_is_not_written_again_and_silence_is_not_shown_to_the_model(
    engine: WhisperEngine, sound: bytes
) -> None:
    request = HearRequest(sound, "pcm_s16le", 16_000, start_ms=7_000, said="He was not an")
    found = hypothesis(engine, request)
    assert " ".join(word.text for word in found.words) == "old-sposed young man."
    assert found.words[0].start_ms > 7_000
    assert found.speech is not None
    quiet = HearRequest(bytes(len(sound)), "pcm_s16le", 16_000)
    assert list(engine.hear(quiet)) == [Hypothesis((), None, None)]
    ended_ms = found.speech.end_ms - 7_000
    heard = HearRequest(sound, "pcm_s16le", 16_000, said=SAID, heard_ms=ended_ms)
    [nothing_new] = engine.hear(heard)
    assert isinstance(nothing_new, Hypothesis)
    assert (nothing_new.words, nothing_new.language) == ((), None)
