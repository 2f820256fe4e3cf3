"""An engine without a model: the same sound always gives the same words."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from brickwork_asr.batches import CLIPS_MAX
from brickwork_asr.engine import (
    HearRequest,
    Hypothesis,
    Language,
    LanguageRequest,
    Progress,
    Segment,
    SpeechSpan,
    Task,
    TranscribeRequest,
    Word,
)
from brickwork_asr.live_buffer import SoundForm
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 2.0
_SAID: Mapping[Task, str] = {"transcribe": "Sentence", "translate": "Translated"}


class ScriptedAsrEngine:
    """Says one sentence of two words for every two seconds of sound.

    Progress comes after as many sentences as the real engine would write at once, which is how its
    budget shows.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def set_budget(self, granted_bytes: int) -> None:
        """Tell progress as often as this allows."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield a segment for each two seconds of sound, numbered by its place.

        What is said tells of the request: the first hot word, or else whether it is translated.
        """
        total_ms = probe(request.audio).duration_ms
        language = request.language or "en"
        said = _SAID[request.task] if not request.hot_words else request.hot_words[0]
        blocks = read_audio(request.audio, start_ms=request.start_ms, block_seconds=_BLOCK_SECONDS)
        untold_count = 0
        for block in blocks:
            length_ms = len(block.samples) // 16
            middle_ms, end_ms = block.start_ms + length_ms // 2, block.start_ms + length_ms
            number = block.start_ms // round(_BLOCK_SECONDS * 1000)
            words = (
                Word(block.start_ms, middle_ms, said, 1.0),
                Word(middle_ms, end_ms, f"{number}.", 1.0),
            )
            yield Segment(block.start_ms, end_ms, f"{said} {number}.", words, language)
            untold_count += 1
            if untold_count >= self._budget.at_once(CLIPS_MAX):
                untold_count = 0
                yield Progress(end_ms, total_ms)
        yield Progress(total_ms, total_ms)

    def hear(self, request: HearRequest) -> Iterator[Hypothesis]:
        """Hear such sentences, of words of a second, in sound that is not all zero."""
        if not any(request.sound):
            yield Hypothesis((), None, None)
            return
        form = SoundForm(request.encoding, request.sample_rate_hz)
        end_ms = request.start_ms + form.ms(len(request.sound))
        first = -(-request.start_ms // 1000) + len(request.said.split())
        said = request.hot_words[0] if request.hot_words else _SAID["transcribe"]
        words = [
            Word(at * 1000, (at + 1) * 1000, f"{at // 2}." if at % 2 else said, 1.0)
            for at in range(first, end_ms // 1000)
        ]
        speech = SpeechSpan(request.start_ms, end_ms)
        language = Language(request.language or "en", 1.0)
        yield Hypothesis(tuple(words), language, speech)

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Hear English, always."""
        probe(request.audio)
        yield Language("en", 1.0)

    def close(self) -> None:
        """Have nothing to let go."""


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedAsrEngine:
    """Need no model, and of the options those of a `Budget`."""
    return ScriptedAsrEngine(Budget.of(options))
