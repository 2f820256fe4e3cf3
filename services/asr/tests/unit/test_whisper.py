"""The default model itself, on the clips of the repository whose words are known."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from brickwork_asr.clips import Samples
from brickwork_asr.engine import Language, LanguageRequest, Progress, Segment, TranscribeRequest
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_asr.whisper_model import Manner, WhisperModel
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.models import ModelStore
from brickwork_sdk.testing.recordings import silence, write_recording
from brickwork_sdk.testing.wordless import music, pink_noise, tones, white_noise

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[4]
CLIPS = ROOT / "tests" / "data" / "recordings"


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    loaded = load(model_dir(), {})
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def model() -> Iterator[WhisperModel]:
    loaded = WhisperModel(model_dir(), 1, Placement("cpu", "int8"))
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


def test_what_is_written_for_a_clip_does_not_depend_on_its_batch(model: WhisperModel) -> None:
    manners = [Manner("en"), Manner("en"), Manner("fr", "translate"), Manner("en")]
    windows = [model.encode(read(CLIPS / f"{name}.flac")) for name in ("austen-1", "austen-2")]
    windows.append(model.encode(read(CLIPS / "french.flac"), 10.0))
    windows.append(model.encode(read(CLIPS / "austen-1.flac"), 20.0))
    apart = [model.decode([one], [how])[0] for one, how in zip(windows, manners, strict=True)]
    assert model.decode(windows, manners) == apart


def test_hot_words_and_the_end_of_a_prompt_share_half_of_the_text(model: WhisperModel) -> None:
    assert model.context("", ()) == ()
    assert model.context("  ", ()) == ()
    both = model.context("As before.", ("Brickwork", "Dashwood"))
    assert both == (*model.context("", ("Brickwork", "Dashwood")), *model.context("As before.", ()))
    words = tuple(f"word{number}" for number in range(50))
    full = model.context("prompt " * 200 + "The end.", words)
    assert len(full) == 223
    assert full[: len(model.context("", words))] == model.context("", words)
    assert full[-len(model.context("The end.", ())) :] == model.context("The end.", ())


def test_words_that_steer_the_model_are_none_for_its_callers(model: WhisperModel) -> None:
    blank = model.context("-", ())[:-1]
    assert model.context("-<|endoftext|>", ()) == model.context("-", ())
    assert model.context("", ("-<|nospeech|>",)) == model.context("-", ())
    assert blank == ()


def test_a_recording_in_several_languages_is_written_in_each(
    engine: WhisperEngine, tmp_path: Path
) -> None:
    names = ("austen-5", "french", "portuguese")
    parts = [part for name in names for part in (read(CLIPS / f"{name}.flac"), silence(30))]
    path = write_recording(tmp_path / "languages.flac", np.concatenate(parts))
    events = engine.transcribe(TranscribeRequest(path))
    assert [one.language for one in events if isinstance(one, Segment)] == ["en", "fr", "pt"]


def test_what_is_said_in_french_can_be_written_in_english(engine: WhisperEngine) -> None:
    request = TranscribeRequest(CLIPS / "french.flac", task="translate")
    (segment,) = (one for one in engine.transcribe(request) if isinstance(one, Segment))
    assert segment.language == "fr"
    assert "whiskey" in segment.text.lower()
    assert [word.text for word in segment.words] == segment.text.split()
    assert all(0 < (word.confidence or 0) <= 1 for word in segment.words)


def test_a_hot_word_is_spelled_as_it_was_given(engine: WhisperEngine) -> None:
    said = {
        words: " ".join(
            one.text
            for one in engine.transcribe(
                TranscribeRequest(CLIPS / "austen-1.flac", hot_words=words)
            )
            if isinstance(one, Segment)
        )
        for words in ((), ("Jon Dashwoode",))
    }
    assert "Dashwoode" not in said[()]
    assert "Dashwoode" in said["Jon Dashwoode",]


@pytest.mark.parametrize("make", [white_noise, pink_noise, tones, music])
def test_where_nobody_speaks_there_are_no_words(
    engine: WhisperEngine, tmp_path: Path, make: Callable[[float], Samples]
) -> None:
    path = write_recording(tmp_path / "sound.wav", make(20.0))
    assert not any(isinstance(e, Segment) for e in engine.transcribe(TranscribeRequest(path)))


def model_dir() -> Path:
    models = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
    return ModelStore(models).get("whisper-base").directory


def read(path: Path) -> Samples:
    return np.concatenate([block.samples for block in read_audio(path)])
