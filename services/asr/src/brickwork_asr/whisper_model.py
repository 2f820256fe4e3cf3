"""Whisper by its parts: sound to states, states to tokens, tokens to words in time.

faster-whisper's own batched call does the three in one, on eight windows at once, and aligns words
in that batch. Apart they can be had one by one: states of one window at a time, because more at
once is no faster on a processor and takes a hundred megabytes a window; tokens of several windows
together, because each of them costs a reading of all weights; words one window at a time again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel as FasterWhisper
from faster_whisper import transcribe as faster_whisper
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from brickwork_asr.clips import Samples
from brickwork_asr.engine import Language, Word
from brickwork_sdk.engine.placement import Placement

_BEAM_SIZE = 1
"""The likeliest token each time: beams cost twice as much and hear hardly better. ADR 0045."""
_REPETITION_MAX = 2.4
"""Text that compresses better than this is a loop. Source: Radford et al. 2022, section 4.5."""
_NO_SPEECH_MIN, _LIKELIHOOD_MAX = 0.6, -1.0
"""Where the model believes in silence and not in its words, it heard nothing. Source: as above."""
_BEFORE_WORD, _AFTER_WORD = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Marks that belong to the word after and before them. Source: faster-whisper 1.2.1, transcribe."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
States = NDArray[Any]
"""What the encoder makes of a window: [1, 1500, width], in the model's precision."""


@dataclass(frozen=True)
class Text:
    """What the model wrote for a window.

    Attributes:
        tokens: of the text, none where it heard nothing.
        is_loop: whether it repeats itself.
    """

    tokens: tuple[int, ...]
    is_loop: bool


class WhisperModel:
    """A loaded model; each of its methods is one piece of work.

    Attributes:
        library: what runs it, with its version.
        precision: in which it computes.
        workers: how many of its calls run side by side.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement) -> None:
        # Two windows on a thread each are done sooner than one after the other on two threads.
        self.workers = threads if place.device == "cpu" else 1
        self._pool = ThreadPoolExecutor(self.workers)
        self._model = FasterWhisper(
            str(model_dir),
            device=place.device,
            compute_type=place.precision,
            cpu_threads=1,
            num_workers=self.workers,
            local_files_only=True,
        )
        self.library = f"faster-whisper {version('faster-whisper')}"
        self.precision = str(self._model.model.compute_type)

    def side_by_side(
        self,
        work: Callable[[ItemT], ResultT],
        items: Sequence[ItemT],
        at_once: Callable[[], int],
    ) -> Iterator[tuple[ItemT, ResultT]]:
        """Yield each item with its result, in order; `workers` are done at once, if they may."""
        done = 0
        while done < len(items):
            some = items[done : done + min(self.workers, at_once())]
            yield from zip(some, list(self._pool.map(work, some)), strict=True)
            done += len(some)

    def encode(self, samples: Samples) -> States:
        """Return the states of one window, up to 30 s of sound."""
        features = pad_or_trim(self._model.feature_extractor(samples)[..., :-1])
        return np.array(self._model.model.encode(_storage(features[np.newaxis]), to_cpu=True))

    def hear_language(self, states: States) -> Language:
        """Tell the likeliest language of a window."""
        if not self._model.model.is_multilingual:
            return Language("en", 1.0)
        (token, probability), *_ = self._model.model.detect_language(_storage(states))[0]
        return Language(token.strip("<|>"), float(probability))

    def decode(self, windows: Sequence[States], language: str) -> list[Text]:
        """Write the text of each window; several together, which is what makes it fast."""
        share = -(-len(windows) // self.workers)
        shares = [windows[first : first + share] for first in range(0, len(windows), share)]
        texts = self._pool.map(lambda some: self._decode(some, language), shares)
        return [text for some in texts for text in some]

    def align(self, states: States, text: Text, language: str, seconds: float) -> list[Word]:
        """Return the words of a window with their times in it.

        Args:
            states: of the window.
            text: that was written for it.
            language: of the text.
            seconds: how long its sound is.
        """
        if not text.tokens:
            return []
        segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": seconds, "tokens": text.tokens}
        self._model.add_word_timestamps(
            [[segment]],
            self._tokenizer(language),
            _storage(states),
            int(np.ceil(seconds)) * self._model.frames_per_second,
            _BEFORE_WORD,
            _AFTER_WORD,
            last_speech_timestamp=0.0,
        )
        return _words(faster_whisper.Word(**word) for word in segment["words"])

    def hear_again(self, samples: Samples, language: str) -> list[Word]:
        """Leave a loop of repeated words by the model's own rising temperatures."""
        heard, _ = self._model.transcribe(
            samples, language=language, word_timestamps=True, condition_on_previous_text=False
        )
        kept = [part for part in heard if part.compression_ratio <= _REPETITION_MAX]
        return _words(word for part in kept for word in part.words or ())

    def close(self) -> None:
        """Let go of the weights."""
        self._pool.shutdown()
        self._model.model.unload_model()

    def _decode(self, windows: Sequence[States], language: str) -> list[Text]:
        tokenizer = self._tokenizer(language)
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        results = self._model.model.generate(
            _storage(np.concatenate(windows)),
            [prompt] * len(windows),
            beam_size=_BEAM_SIZE,
            max_length=self._model.max_length,
            suppress_tokens=list(faster_whisper.get_suppressed_tokens(tokenizer, [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [_text(result, tokenizer) for result in results]

    def _tokenizer(self, language: str) -> Tokenizer:
        is_multilingual = self._model.model.is_multilingual
        return Tokenizer(
            self._model.hf_tokenizer, is_multilingual, task="transcribe", language=language
        )


def _storage(array: NDArray[Any]) -> StorageView:
    return StorageView.from_array(np.ascontiguousarray(array))


def _text(result: Any, tokenizer: Tokenizer) -> Text:
    tokens = result.sequences_ids[0]
    likelihood = result.scores[0] * len(tokens) / (len(tokens) + 1)
    if result.no_speech_prob > _NO_SPEECH_MIN and likelihood < _LIKELIHOOD_MAX:
        return Text((), is_loop=False)
    repetition = faster_whisper.get_compression_ratio(tokenizer.decode(tokens))
    return Text(tuple(tokens), is_loop=repetition > _REPETITION_MAX)


def _words(pieces: Iterable[faster_whisper.Word]) -> list[Word]:
    """Return the words of a window; " ill" and "-disposed" come as two pieces and are one word."""
    words: list[Word] = []
    for piece in pieces:
        word = _word(piece)
        if words and piece.word.startswith("-"):
            words[-1] = replace(words[-1], end_ms=word.end_ms, text=words[-1].text + word.text)
        elif word.text:
            words.append(word)
    return words


def _word(word: faster_whisper.Word) -> Word:
    # The library answers numpy scalars; the engine's values are plain.
    return Word(
        start_ms=round(float(word.start) * 1000),
        end_ms=round(float(word.end) * 1000),
        text=word.word.strip(),
        confidence=round(float(word.probability), 4),
    )
