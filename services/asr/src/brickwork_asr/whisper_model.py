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

from brickwork_asr.clips import CLIP_SECONDS_MAX, Samples
from brickwork_asr.engine import Language, Task, Word
from brickwork_sdk.engine.placement import Placement

_BEAM_SIZE = 1
"""The likeliest token each time: beams cost twice as much and hear hardly better. ADR 0045."""
_REPETITION_MAX = 2.4
"""Text that compresses better than this is a loop. Source: Radford et al. 2022, section 4.5."""
_NO_SPEECH_MIN, _LIKELIHOOD_MAX = 0.6, -1.0
"""Where the model believes in silence and not in its words, it heard nothing. Source: as above."""
_KNOWN_MAX = 200
"""More tokens than this are never said in half a minute; a model can write 448."""
_BEFORE_WORD, _AFTER_WORD = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Marks that belong to the word after and before them. Source: faster-whisper 1.2.1, transcribe."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
States = NDArray[Any]
"""What the encoder makes of a window: [1, 50 a second, width], in the model's precision."""


@dataclass(frozen=True)
class Manner:
    """How the text of a window is to be written.

    Attributes:
        language: that is spoken.
        task: to write it down, or to write it in English.
        context: tokens that could have come before; see `WhisperModel.context`.
    """

    language: str
    task: Task = "transcribe"
    context: tuple[int, ...] = ()

    @property
    def written_in(self) -> str:
        """The language of the text."""
        return "en" if self.task == "translate" else self.language


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

    def encode(self, samples: Samples, window_seconds: float = CLIP_SECONDS_MAX) -> States:
        """Return the states of one window, with silence after the sound that it holds.

        Args:
            samples: at most as long as the window.
            window_seconds: up to 30 s, for which the model was made; it works as long as this is.
        """
        features = self._model.feature_extractor(samples)[..., :-1]
        # The first layers take two frames at a time.
        frames = 2 * round(window_seconds * self._model.frames_per_second / 2)
        features = pad_or_trim(features, frames)
        return np.array(self._model.model.encode(_storage(features[np.newaxis]), to_cpu=True))

    def hear_language(self, states: States) -> Language:
        """Tell the likeliest language of a window."""
        (language,) = self.hear_languages([states])
        return language

    def hear_languages(self, windows: Sequence[States]) -> list[Language]:
        """Tell the likeliest language of each window."""
        if not self._model.model.is_multilingual:
            return [Language("en", 1.0)] * len(windows)
        alike = _alike(windows)
        found = (self._model.model.detect_language(_joined(windows, one)) for one in alike)
        return [
            Language(token.strip("<|>"), float(likelihood))
            for (token, likelihood), *_ in _in_place(alike, found)
        ]

    def context(self, prompt: str, hot_words: Sequence[str]) -> tuple[int, ...]:
        """Return the tokens that are shown before a text, as if they had been said before.

        Hot words come first, as many as fit; then the end of the prompt, for what is nearest to
        the speech counts most. Source: faster-whisper 1.2.1, get_prompt, which puts them in this
        order, and leaves half of the model's text to them.
        """
        tokenizer, room = self._tokenizer(Manner("en")), self._model.max_length // 2 - 1
        shown: list[int] = []
        for word in hot_words:
            tokens = _plain_tokens(tokenizer, f", {word}" if shown else f" {word}")
            if len(shown) + len(tokens) <= room:
                shown += tokens
        before = _plain_tokens(tokenizer, f" {prompt.strip()}") if prompt.strip() else []
        return (*shown, *before[max(0, len(before) - room + len(shown)) :])

    def decode(self, windows: Sequence[States], manners: Sequence[Manner]) -> list[Text]:
        """Write the text of each window; those of one length together, which makes it fast.

        Args:
            windows: the states of each.
            manners: how each is written; their contexts are the same.
        """
        share = -(-len(windows) // self.workers)
        shares = [
            places[first : first + share]
            for places in _alike(windows)
            for first in range(0, len(places), share)
        ]
        texts = self._pool.map(
            self._decode,
            [_joined(windows, places) for places in shares],
            [[manners[place] for place in places] for places in shares],
        )
        return _in_place(shares, texts)

    def go_on(self, states: States, said: str, manner: Manner) -> Text:
        """Write what follows upon the beginning of the text of a window.

        Args:
            states: of the window.
            said: how its text begins; the answer begins with it as well, and is empty where
                nothing follows.
            manner: how it is written.
        """
        tokenizer = self._tokenizer(manner)
        known = tokenizer.encode(f" {said}") if said else []
        if len(known) > _KNOWN_MAX:
            return Text((), is_loop=True)
        before = list(manner.context)
        prompt = self._model.get_prompt(tokenizer, before, without_timestamps=True) + known
        (result,) = self._model.model.generate(
            _storage(states),
            [prompt],
            beam_size=_BEAM_SIZE,
            max_length=self._model.max_length,
            # After known words there may be nothing more to say.
            suppress_blank=not known,
            suppress_tokens=list(faster_whisper.get_suppressed_tokens(tokenizer, [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        text = _text(result, tokenizer)
        if len(text.tokens) <= len(known):
            return Text((), is_loop=False)
        fresh = tokenizer.decode(text.tokens[len(known) :])
        is_loop = faster_whisper.get_compression_ratio(fresh) > _REPETITION_MAX
        # What is said already cannot be mended; a loop that it began does not go on.
        return Text((), is_loop=False) if text.is_loop and not is_loop else text

    def align(self, states: States, text: Text, manner: Manner, seconds: float) -> list[Word]:
        """Return the words of a window with their times in it.

        Args:
            states: of the window.
            text: that was written for it.
            manner: in which it was written.
            seconds: how long its sound is.
        """
        if not text.tokens:
            return []
        segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": seconds, "tokens": text.tokens}
        self._model.add_word_timestamps(
            [[segment]],
            self._tokenizer(manner),
            _storage(states),
            int(np.ceil(seconds)) * self._model.frames_per_second,
            _BEFORE_WORD,
            _AFTER_WORD,
            last_speech_timestamp=0.0,
        )
        return _words(faster_whisper.Word(**word) for word in segment["words"])

    def hear_again(self, samples: Samples, manner: Manner) -> list[Word]:
        """Leave a loop of repeated words by the model's own rising temperatures.

        Nothing is shown before it: that may be what is repeated.
        """
        heard, _ = self._model.transcribe(
            samples,
            language=manner.language,
            task=manner.task,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        kept = [part for part in heard if part.compression_ratio <= _REPETITION_MAX]
        return _words(word for part in kept for word in part.words or ())

    def close(self) -> None:
        """Let go of the weights."""
        self._pool.shutdown()
        self._model.model.unload_model()

    def _decode(self, windows: StorageView, manners: Sequence[Manner]) -> list[Text]:
        tokenizers = [self._tokenizer(manner) for manner in manners]
        tokenizer = tokenizers[0]
        results = self._model.model.generate(
            windows,
            [
                self._model.get_prompt(one, list(manner.context), without_timestamps=True)
                for one, manner in zip(tokenizers, manners, strict=True)
            ],
            beam_size=_BEAM_SIZE,
            max_length=self._model.max_length,
            suppress_tokens=list(faster_whisper.get_suppressed_tokens(tokenizer, [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [_text(result, tokenizer) for result in results]

    def _tokenizer(self, manner: Manner) -> Tokenizer:
        tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task=manner.task,
            language=manner.language,
        )
        # By this it knows how the words of the text are parted, and nothing else.
        tokenizer.language_code = manner.written_in
        return tokenizer


def _storage(array: NDArray[Any]) -> StorageView:
    return StorageView.from_array(np.ascontiguousarray(array))


def _alike(windows: Sequence[States]) -> list[list[int]]:
    """Return the places of windows that are equally long, for each length."""
    found: dict[int, list[int]] = {}
    for place, states in enumerate(windows):
        found.setdefault(states.shape[1], []).append(place)
    return list(found.values())


def _in_place(groups: Iterable[list[int]], found: Iterable[Sequence[ResultT]]) -> list[ResultT]:
    """Return what was found for the places of each group, in the order of places."""
    results = {
        place: one
        for places, some in zip(groups, found, strict=True)
        for place, one in zip(places, some, strict=True)
    }
    return [results[place] for place in range(len(results))]


def _joined(windows: Sequence[States], places: Sequence[int]) -> StorageView:
    return _storage(np.concatenate([windows[place] for place in places]))


def _plain_tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the tokens of a text, without those that steer the model."""
    return [token for token in tokenizer.encode(text) if token < tokenizer.eot]


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
