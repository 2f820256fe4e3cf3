"""The default model itself, on the clips of the repository whose words are known."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from brickwork_asr.clips import Samples
from brickwork_asr.engine import Language, LanguageRequest, Progress, Segment, TranscribeRequest
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_asr.whisper_model import WhisperModel
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.models import ModelStore
from brickwork_sdk.testing.recordings import silence, write_recording

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[4]
CLIPS = ROOT / "tests" / "data" / "recordings"


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    loaded = load(model_dir(), {})
    yield loaded
    loaded.close()


def test_the_words_of_a_clip_are_heard_in_their_place(engine: WhisperEngine) -> None:
    events = list(engine.transcribe(TranscribeRequest(CLIPS / "austen-2.flac")))
    (segment,) = (event for event in events if isinstance(event, Segment))
    assert segment.text == "He was not an ill-disposed young man."
    assert segment.language == "en"
    assert [word.text for word in segment.words] == segment.text.split()
    assert 0 <= segment.start_ms < 600
    assert 2_200 < segment.end_ms <= 2_990
    assert events[-1] == Progress(2_990, 2_990)


@pytest.mark.parametrize(("clip", "code"), [("portuguese", "pt"), ("french", "fr")])
def test_the_language_is_heard(engine: WhisperEngine, clip: str, code: str) -> None:
    (heard,) = engine.detect_language(LanguageRequest(CLIPS / f"{clip}.flac"))
    assert isinstance(heard, Language)
    assert heard.code == code
    assert heard.probability > 0.5


def test_silence_has_no_words_and_no_language(engine: WhisperEngine, tmp_path: Path) -> None:
    path = write_recording(tmp_path / "silence.wav", silence(5))
    assert not any(isinstance(e, Segment) for e in engine.transcribe(TranscribeRequest(path)))
    with pytest.raises(InvalidInput) as caught:
        list(engine.detect_language(LanguageRequest(path)))
    assert caught.value.reason is Reason.NO_SPEECH


def test_what_came_before_the_start_is_not_heard_again(engine: WhisperEngine) -> None:
    request = TranscribeRequest(CLIPS / "dickens.flac", "en", start_ms=28_700)
    segments = [event for event in engine.transcribe(request) if isinstance(event, Segment)]
    assert segments[0].start_ms >= 28_700
    assert segments[0].text.startswith("In short")
    assert segments[-1].text.rstrip(".").endswith("comparison only")


def test_clips_of_a_batch_keep_their_places_and_give_way(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    sentences = [read(CLIPS / f"austen-{number}.flac") for number in (2, 5)]
    parts = [part for each in sentences * 2 for part in (silence(30), each)]
    path = write_recording(tmp_path / "apart.flac", np.concatenate([*parts, silence(1)]))
    events = list(engine.transcribe(TranscribeRequest(path)))
    segments = [event for event in events if isinstance(event, Segment)]
    begin_ms = 0
    for segment, sound in zip(segments, sentences * 2, strict=True):
        begin_ms += 30_000
        assert abs(segment.start_ms - begin_ms) < 1_000
        begin_ms += len(sound) // 16
    # Each clip is encoded in a step of its own, and the two batches are written in one each.
    assert sum(isinstance(event, Progress) for event in events) == 1 + 4 + 2 + 4 + 1


def test_what_is_written_for_a_clip_does_not_depend_on_its_batch() -> None:
    model = WhisperModel(model_dir(), 1, Placement("cpu", "int8"))
    windows = [model.encode(read(CLIPS / f"austen-{number}.flac")) for number in (1, 2, 4)]
    apart = [text for window in windows for text in model.decode([window], "en")]
    assert model.decode(windows, "en") == apart
    model.close()


def model_dir() -> Path:
    models = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
    return ModelStore(models).get("whisper-base").directory


def read(path: Path) -> Samples:
    return np.concatenate([block.samples for block in read_audio(path)])
