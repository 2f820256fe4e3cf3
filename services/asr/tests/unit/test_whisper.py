"""The default model itself, on the clips of the repository whose words are known."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from brickwork_asr.engine import Language, LanguageRequest, Progress, Segment, TranscribeRequest
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.models import ModelStore
from brickwork_sdk.testing.recordings import silence, write_recording

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[4]
CLIPS = ROOT / "tests" / "data" / "recordings"


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    models = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
    loaded = load(ModelStore(models).get("whisper-base").directory, {})
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
