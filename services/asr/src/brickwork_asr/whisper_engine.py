"""Whisper on CTranslate2 through faster-whisper; the only module that knows either."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper import transcribe as faster_whisper
from faster_whisper.vad import VadOptions, get_speech_timestamps

from brickwork_asr.clips import CLIP_SECONDS_MAX, Clip, Samples, Speech, cut_clips
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
from brickwork_sdk.cuda import CUBLAS_12, open_gpu, unavailable
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 60.0
_PRECISIONS = {"cpu": "int8", "cuda": "float16"}
"""Of each device: the weights are float16, and few processors compute in it."""
_VAD = VadOptions(max_speech_duration_s=CLIP_SECONDS_MAX, min_silence_duration_ms=160)
"""As the package's own batched call sets it, so that results can be compared."""
_REPETITION_MAX = 2.4
"""Text that compresses better than this is a loop. Source: Radford et al. 2022, section 4.5."""
_NO_SPEECH_MIN, _LIKELIHOOD_MAX = 0.6, -1.0
"""Where the model believes in silence and not in its words, it heard nothing. Source: as above."""


class WhisperEngine:
    """Transcribes clip by clip; every clip is a step of its own."""

    def __init__(self, model_dir: Path, threads: int, place: Placement) -> None:
        self._model = WhisperModel(
            str(model_dir),
            device=place.device,
            compute_type=place.precision,
            cpu_threads=threads,
            local_files_only=True,
        )
        self._pipeline = BatchedInferencePipeline(self._model)
        self._place = place

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(
            f"faster-whisper {version('faster-whisper')}",
            str(self._model.model.compute_type),
            self._place.device_name,
        )

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield segments clip by clip; see `AsrEngine`."""
        total_ms = probe(request.audio).duration_ms
        blocks = read_audio(request.audio, start_ms=request.start_ms, block_seconds=_BLOCK_SECONDS)
        language = request.language
        yield Progress(request.start_ms, total_ms)
        for clip in cut_clips(blocks, _find_speech):
            words, language = self._hear(clip.samples, clip.start_ms, language)
            words = self._with_unheard(clip, words, language)
            yield from cut_sentences(words, language)
            yield Progress(clip.heard_ms, total_ms)
        yield Progress(total_ms, total_ms)

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Yield the language of the first clip with speech."""
        blocks = read_audio(request.audio, block_seconds=_BLOCK_SECONDS)
        for clip in cut_clips(blocks, _find_speech):
            code, probability, _ = self._model.detect_language(clip.samples)
            yield Language(code, float(probability))
            return
        raise InvalidInput(Reason.NO_SPEECH, "Nobody speaks in this recording.")

    def close(self) -> None:
        """Let go of the model."""
        self._model.model.unload_model()

    def _with_unheard(self, clip: Clip, words: list[Word], language: str) -> list[Word]:
        """Add the words of speech that the model passed over; each stretch is heard once more."""
        found = list(words)
        speech = _find_speech(clip.samples)
        for start, end in unheard_speech(speech, words, clip.start_ms):
            start_ms = clip.start_ms + start * 1000 // SAMPLE_RATE_HZ
            found += self._hear(clip.samples[start:end], start_ms, language)[0]
        return sorted(found, key=lambda word: word.start_ms)

    def _hear(
        self, samples: Samples, start_ms: int, language: str | None
    ) -> tuple[list[Word], str]:
        """Transcribe one clip; the first one with speech decides the language of the rest."""
        seconds = len(samples) / SAMPLE_RATE_HZ
        heard, info = self._pipeline.transcribe(
            samples,
            language=language,
            clip_timestamps=[{"start": 0.0, "end": seconds}],
            batch_size=1,
            word_timestamps=True,
        )
        parts = list(heard)
        if any(part.compression_ratio > _REPETITION_MAX for part in parts):
            parts = self._hear_again(samples, info.language)
        said = [piece for part in parts if not _is_silence(part) for piece in part.words or ()]
        return _words(said, start_ms), info.language

    def _hear_again(self, samples: Samples, language: str) -> list[faster_whisper.Segment]:
        """Leave a loop of repeated words by the model's own rising temperatures."""
        heard, _ = self._model.transcribe(
            samples, language=language, word_timestamps=True, condition_on_previous_text=False
        )
        return [part for part in heard if part.compression_ratio <= _REPETITION_MAX]


def load(model_dir: Path, options: Mapping[str, str]) -> WhisperEngine:
    """Load the model in `model_dir`; options: threads, device, precision."""
    return WhisperEngine(model_dir, int(options.get("threads", "1")), check(options))


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


def _find_speech(samples: Samples) -> list[Speech]:
    if len(samples) == 0:
        return []
    stretches = get_speech_timestamps(np.ascontiguousarray(samples), _VAD)
    return [(stretch["start"], stretch["end"]) for stretch in stretches]


def _is_silence(part: faster_whisper.Segment) -> bool:
    return bool(part.no_speech_prob > _NO_SPEECH_MIN and part.avg_logprob < _LIKELIHOOD_MAX)


def _words(pieces: Iterable[faster_whisper.Word], clip_start_ms: int) -> list[Word]:
    """Return the words of a clip; " ill" and "-disposed" come as two pieces and are one word."""
    words: list[Word] = []
    for piece in pieces:
        word = _word(piece, clip_start_ms)
        if words and piece.word.startswith("-"):
            words[-1] = replace(words[-1], end_ms=word.end_ms, text=words[-1].text + word.text)
        elif word.text:
            words.append(word)
    return words


def _word(word: faster_whisper.Word, clip_start_ms: int) -> Word:
    # The library answers numpy scalars; the engine's values are plain.
    return Word(
        start_ms=clip_start_ms + round(float(word.start) * 1000),
        end_ms=clip_start_ms + round(float(word.end) * 1000),
        text=word.word.strip(),
        confidence=round(float(word.probability), 4),
    )
