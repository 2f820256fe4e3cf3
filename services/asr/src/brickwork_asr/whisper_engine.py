"""The asr engine on Whisper: clips in batches, and again what was passed over."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import ctranslate2

from brickwork_asr.batches import CLIPS_MAX, in_batches
from brickwork_asr.clips import Clip, cut_clips
from brickwork_asr.engine import (
    Language,
    LanguageRequest,
    Progress,
    Segment,
    TranscribeRequest,
    Word,
)
from brickwork_asr.sentences import cut_sentences
from brickwork_asr.unheard import unheard_speech
from brickwork_asr.voice_activity import find_speech
from brickwork_asr.whisper_model import States, Text, WhisperModel
from brickwork_sdk.cuda import CUBLAS_12, open_gpu, unavailable
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 60.0
_PRECISIONS = {"cpu": "int8", "cuda": "float16"}
"""Of each device: the weights are float16, and few processors compute in it."""


class WhisperEngine:
    """Transcribes; a step encodes one clip, writes one batch, or places the words of one clip.

    How many clips are written at once, and worked side by side, is what its memory allows.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement, budget: Budget) -> None:
        self._model = WhisperModel(model_dir, min(threads, CLIPS_MAX), place)
        self._place = place
        self._budget = budget

    def clips_max(self) -> int:
        """Return how many clips may be worked on at once now."""
        return self._budget.at_once(CLIPS_MAX)

    def set_budget(self, granted_bytes: int) -> None:
        """Work on as many clips at once as this allows, also of the batch that is under way."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(
            self._model.library, self._model.precision, self._place.device_name
        )

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield segments clip by clip; see `AsrEngine`.

        Progress is told again where a step has ended and nothing new is final, so that other
        calls get their turn.
        """
        total_ms = probe(request.audio).duration_ms
        blocks = read_audio(request.audio, start_ms=request.start_ms, block_seconds=_BLOCK_SECONDS)
        language = request.language
        here = Progress(request.start_ms, total_ms)
        yield here
        clips = cut_clips(blocks, find_speech)
        for batch in in_batches(clips, self._model.workers, self.clips_max):
            states = []
            for _, made in self._model.side_by_side(self._encode, batch, self.clips_max):
                states.append(made)
                yield here
            language = language or self._model.hear_language(states[0]).code
            texts: list[Text] = []
            while len(texts) < len(batch):
                some = states[len(texts) : len(texts) + self.clips_max()]
                texts += self._model.decode(some, language)
                yield here
            place = partial(self._words, language)
            heard = list(zip(batch, states, texts, strict=True))
            for (clip, _, _), words in self._model.side_by_side(place, heard, self.clips_max):
                words += yield from self._unheard_words(clip, words, language, here)
                words.sort(key=lambda word: word.start_ms)
                yield from cut_sentences(words, language)
                here = Progress(clip.heard_ms, total_ms)
                yield here
        yield Progress(total_ms, total_ms)

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Yield the language of the first clip with speech."""
        blocks = read_audio(request.audio, block_seconds=_BLOCK_SECONDS)
        for clip in cut_clips(blocks, find_speech):
            yield self._model.hear_language(self._model.encode(clip.samples))
            return
        raise InvalidInput(Reason.NO_SPEECH, "Nobody speaks in this recording.")

    def close(self) -> None:
        """Let go of the model."""
        self._model.close()

    def _unheard_words(
        self, clip: Clip, words: Sequence[Word], language: str, here: Progress
    ) -> Generator[Progress, None, list[Word]]:
        """Return the words of speech that the model passed over; each stretch is heard again."""
        found: list[Word] = []
        for start, end in unheard_speech(clip.speech, words, clip.start_ms):
            yield here
            start_ms = clip.start_ms + start * 1000 // SAMPLE_RATE_HZ
            stretch = Clip(start_ms, clip.samples[start:end], (), clip.heard_ms)
            states = self._model.encode(stretch.samples)
            (text,) = self._model.decode([states], language)
            found += self._words(language, (stretch, states, text))
        return found

    def _encode(self, clip: Clip) -> States:
        return self._model.encode(clip.samples)

    def _words(self, language: str, heard: tuple[Clip, States, Text]) -> list[Word]:
        """Return the words of a clip with their times in the recording."""
        clip, states, text = heard
        if text.is_loop:
            words = self._model.hear_again(clip.samples, language)
        else:
            seconds = len(clip.samples) / SAMPLE_RATE_HZ
            words = self._model.align(states, text, language, seconds)
        return [
            replace(
                word, start_ms=clip.start_ms + word.start_ms, end_ms=clip.start_ms + word.end_ms
            )
            for word in words
        ]


def load(model_dir: Path, options: Mapping[str, str]) -> WhisperEngine:
    """Load the model in `model_dir`; options: threads, device, precision, those of a `Budget`."""
    threads = int(options.get("threads", "1"))
    return WhisperEngine(model_dir, threads, check(options), Budget.of(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that the model can compute as the options say; nothing is allocated for that.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _PRECISIONS)
    if place.device == "cuda":
        open_gpu(CUBLAS_12)
        if ctranslate2.get_cuda_device_count() == 0:
            raise unavailable("CUDA", "CTranslate2 cannot use the GPU that the driver sees.")
    place.require_precision(ctranslate2.get_supported_compute_types(place.device))
    return place
