"""Live audio through the fast model: how late its words are, how wrong, and what they cost."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brickwork_asr.clips import Samples
from brickwork_asr.engine import Hypothesis, Segment, TranscribeRequest
from brickwork_asr.live_buffer import LiveBuffer, SoundForm
from brickwork_asr.live_course import LiveCourse
from brickwork_asr.live_source import CHUNK_MS_MAX, HELD_MS_MAX
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.models import ModelStore
from brickwork_sdk.testing.recordings import silence
from brickwork_sdk.testing.wordless import music, white_noise
from tools.bench.plain_engines import MODELS
from tools.bench.row import Row, at_most
from tools.quality import CLIPS, ROOT
from tools.scores import count_errors

MODEL = "whisper-tiny.en"
HEARD = (CLIPS / "dickens.flac", ROOT / "tests" / "data" / "reading" / "alice-2.ogg")
"""Where the figures are from. What the settings of live audio were chosen by is not among them:
the clips of Austen and Shakespeare, and alice-1."""
_QUIET_SECONDS = 60.0
_FORM = SoundForm("pcm_s16le", SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class Played:
    """What became of a piece of sound.

    Attributes:
        text: of the final words.
        lags_ms: of each word, from when it had been spoken until it was final.
        busy_seconds: that the engine worked.
        sound_seconds: that it heard.
    """

    text: str
    lags_ms: list[float]
    busy_seconds: float
    sound_seconds: float


def play(engine: WhisperEngine, samples: Samples) -> Played:
    """Let the engine hear sound as if it were spoken now.

    The clock is that of the sound, and stands still for nothing: while the engine works for a
    second, a second more of the sound arrives, so that a step which takes longer makes the words
    as late as it would in life. Only waiting for sound takes no time.
    """
    sound = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype("<i2").tobytes()
    total_ms = _FORM.ms(len(sound))
    buffer = LiveBuffer(_FORM)
    course = LiveCourse(buffer, "en")
    now_ms, busy_seconds, lags_ms, texts = 0.0, 0.0, list[float](), list[str]()
    while not course.is_over:
        now_ms = max(now_ms, min(course.wanted_ms, total_ms))
        come_ms = min(int(now_ms), total_ms, buffer.start_ms + HELD_MS_MAX - CHUNK_MS_MAX)
        buffer.append(sound[_FORM.size_bytes(buffer.end_ms) : _FORM.size_bytes(come_ms)])
        is_full = buffer.length_ms >= HELD_MS_MAX - CHUNK_MS_MAX
        began = time.perf_counter()
        *_, answer = engine.hear(course.ask(is_full, buffer.end_ms >= total_ms))
        seconds = time.perf_counter() - began
        assert isinstance(answer, Hypothesis)
        now_ms, busy_seconds = now_ms + seconds * 1000, busy_seconds + seconds
        for segment in course.take(answer, seconds):
            texts.append(segment.text)
            lags_ms += [now_ms - word.end_ms for word in segment.words]
    return Played(" ".join(texts), lags_ms, busy_seconds, total_ms / 1000)


def measure() -> Iterator[Row | str]:
    """Yield the rows, live and whole by turns on the same clips."""
    options = {"threads": "1"}
    engine = load(ModelStore(MODELS).get(MODEL).directory, options)
    played, errors, words = [], {"live": 0, "whole": 0}, 0
    for path in HEARD:
        truth = path.with_suffix(".txt").read_text("utf-8")
        played.append(play(engine, _samples(path)))
        errors["live"] += count_errors(truth, played[-1].text, "en")[0]
        events = engine.transcribe(TranscribeRequest(path, "en"))
        whole = " ".join(event.text for event in events if isinstance(event, Segment))
        wrong, count = count_errors(truth, whole, "en")
        errors["whole"], words = errors["whole"] + wrong, words + count
        yield f"{path.stem} has been heard, live and whole"
    lags = [lag_ms / 1000 for one in played for lag_ms in one.lags_ms]
    seconds = sum(one.sound_seconds for one in played)
    said = (
        f"{words} words in {seconds:.0f} s of sound, by one human reader and one synthetic voice; "
        f"{MODEL}, one thread; the clock is that of the sound and goes on while the engine works"
    )
    for share in (50, 99):
        name = f"lag of final words of live audio, p{share}"
        yield Row(name, float(np.percentile(lags, share)), "s", None, said)
    rates = {way: 100 * wrong / words for way, wrong in errors.items()}
    yield Row("WER of live audio", rates["live"], "%", None, f"{errors['live']} of {said}")
    yield Row(
        "WER of live audio less that of the same recordings",
        rates["live"] - rates["whole"],
        "points",
        at_most(3.0),
        f"{rates['live']:.2f} less {rates['whole']:.2f} %; {said}",
    )
    busy_seconds = sum(one.busy_seconds for one in played)
    yield Row(
        "engine time of live audio over the time of its sound",
        busy_seconds / seconds,
        "ratio",
        at_most(1.0),
        f"{busy_seconds:.0f} over {seconds:.0f} s; {said}",
    )
    yield from _quiet_rows(engine)
    engine.close()


def _quiet_rows(engine: WhisperEngine) -> Iterator[Row]:
    """Tell how many words are heard where nobody speaks."""
    for name, make in (("silence", silence), ("white noise", white_noise), ("music", music)):
        found = play(engine, make(_QUIET_SECONDS))
        yield Row(
            f"words of live audio in a minute of {name}",
            len(found.lags_ms),
            "words",
            at_most(0),
            f"{MODEL}; {found.busy_seconds:.1f} s of engine time",
        )


def _samples(path: Path) -> Samples:
    return np.concatenate([block.samples for block in read_audio(path)])
