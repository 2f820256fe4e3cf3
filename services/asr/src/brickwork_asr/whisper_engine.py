"""The asr engine on Whisper: clips in batches, and again what was passed over."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ctranslate2

from brickwork_asr.batches import CLIPS_MAX, in_batches
from brickwork_asr.clips import CLIP_SECONDS_MAX, Clip, cut_clips
from brickwork_asr.engine import (
    HearRequest,
    Hypothesis,
    Language,
    LanguageRequest,
    Progress,
    Segment,
    SpeechSpan,
    TranscribeRequest,
    Word,
)
from brickwork_asr.known_words import words_after
from brickwork_asr.live_sound import samples_of
from brickwork_asr.sentences import cut_sentences
from brickwork_asr.spoken_language import SpokenLanguage
from brickwork_asr.unheard import unheard_speech
from brickwork_asr.voice_activity import find_speech
from brickwork_asr.whisper_model import Manner, States, Text, WhisperModel
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.libraries import check_ctranslate2
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 60.0
_LIVE_SECONDS_MIN, _ROOM_SECONDS = 10.0, 4.0
"""A window of live sound is this long at least, and every one so much longer than its sound. Half a
minute each time takes twice as long, and of 170 words by which this was chosen it had 17 wrong to
16."""
_WINDOW_STEP_SECONDS = 10.0
"""Windows of recordings are a multiple of this long, up to the one that the model was made for."""
_NEWS_MS_MIN = 200
"""Speech that goes on for less than this is the detector's doubt about where it ended."""


@dataclass(frozen=True, eq=False)
class _Heard:
    """A clip with what the model made of it: its states, and the text in a manner."""

    clip: Clip
    states: States
    text: Text
    manner: Manner


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
        context = self._model.context(request.prompt, request.hot_words)
        spoken = SpokenLanguage()
        here = Progress(request.start_ms, total_ms)
        yield here
        clips = cut_clips(blocks, find_speech)
        for batch in in_batches(clips, self._model.workers, self.clips_max):
            states = []
            for _, made in self._model.side_by_side(self._encode, batch, self.clips_max):
                states.append(made)
                yield here
            manners = [
                Manner(language, request.task, context)
                for language in self._languages(request, spoken, batch, states)
            ]
            texts: list[Text] = []
            while len(texts) < len(batch):
                some = slice(len(texts), len(texts) + self.clips_max())
                texts += self._model.decode(states[some], manners[some])
                yield here
            heard = [_Heard(*parts) for parts in zip(batch, states, texts, manners, strict=True)]
            for one, words in self._model.side_by_side(self._words, heard, self.clips_max):
                words += yield from self._unheard_words(one, words, here)
                words.sort(key=lambda word: word.start_ms)
                yield from cut_sentences(words, one.manner.language, one.manner.written_in)
                here = Progress(one.clip.heard_ms, total_ms)
                yield here
        yield Progress(total_ms, total_ms)

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Yield the language of the first clip with speech."""
        blocks = read_audio(request.audio, block_seconds=_BLOCK_SECONDS)
        for clip in cut_clips(blocks, find_speech):
            yield self._model.hear_language(self._model.encode(clip.samples))
            return
        raise InvalidInput(Reason.NO_SPEECH, "Nobody speaks in this recording.")

    def hear(self, request: HearRequest) -> Iterator[Hypothesis | Progress]:
        """Yield what is said after the words that are known; silence is not shown to the model."""
        samples = samples_of(request)
        stretches = find_speech(samples)
        if not stretches:
            yield Hypothesis((), None, None)
            return
        # Known words are at the beginning of the sound, whatever the detector thinks of them.
        first, last = 0 if request.said else stretches[0][0], stretches[-1][1]
        clip = Clip(request.start_ms + _ms(first), samples[first:last], (), 0)
        speech = SpeechSpan(request.start_ms + _ms(stretches[0][0]), request.start_ms + _ms(last))
        if speech.end_ms <= request.heard_ms + _NEWS_MS_MIN:
            yield Hypothesis((), None, speech)
            return
        here = Progress(request.start_ms, request.start_ms)
        seconds = len(clip.samples) / SAMPLE_RATE_HZ + _ROOM_SECONDS
        window_seconds = min(max(seconds, _LIVE_SECONDS_MIN), CLIP_SECONDS_MAX)
        states = self._model.encode(clip.samples, window_seconds)
        yield here
        named = Language(request.language, 1.0) if request.language else None
        language = named or self._model.hear_language(states)
        context = self._model.context(request.prompt, request.hot_words)
        manner = Manner(language.code, "transcribe", context)
        text = self._model.go_on(states, request.said, manner)
        yield here
        heard = _Heard(clip, states, text, manner)
        words = words_after(request.said, self._words(heard))
        yield Hypothesis(tuple(words), language, speech)

    def close(self) -> None:
        """Let go of the model."""
        self._model.close()

    def _languages(
        self,
        request: TranscribeRequest,
        spoken: SpokenLanguage,
        batch: Sequence[Clip],
        states: Sequence[States],
    ) -> list[str]:
        """Return the language that each clip of a batch is spoken in."""
        if request.language is not None:
            return [request.language] * len(batch)
        heard = self._model.hear_languages(states)
        return [
            spoken.follow(language, clip.speech_seconds)
            for language, clip in zip(heard, batch, strict=True)
        ]

    def _unheard_words(
        self, heard: _Heard, words: Sequence[Word], here: Progress
    ) -> Generator[Progress, None, list[Word]]:
        """Return the words of speech that the model passed over; each stretch is heard again.

        A translation has no word for each that is said, and so no such gaps.
        """
        clip, found = heard.clip, list[Word]()
        if heard.manner.task == "translate":
            return found
        for start, end in unheard_speech(clip.speech, words, clip.start_ms):
            yield here
            start_ms = clip.start_ms + start * 1000 // SAMPLE_RATE_HZ
            stretch = Clip(start_ms, clip.samples[start:end], (), clip.heard_ms)
            states = self._encode(stretch)
            (text,) = self._model.decode([states], [heard.manner])
            found += self._words(_Heard(stretch, states, text, heard.manner))
        return found

    def _encode(self, clip: Clip) -> States:
        return self._model.encode(clip.samples, _window_seconds(clip))

    def _words(self, heard: _Heard) -> list[Word]:
        """Return the words of a clip with their times in the recording."""
        clip = heard.clip
        if heard.text.is_loop:
            words = self._model.hear_again(clip.samples, heard.manner)
        else:
            seconds = len(clip.samples) / SAMPLE_RATE_HZ
            words = self._model.align(heard.states, heard.text, heard.manner, seconds)
        return [
            replace(
                word, start_ms=clip.start_ms + word.start_ms, end_ms=clip.start_ms + word.end_ms
            )
            for word in words
        ]


def _window_seconds(clip: Clip) -> float:
    """Return how long a window a clip has.

    It depends on the clip alone, so that its text is the same in any batch; and there are few, so
    that clips can be written together.
    """
    seconds = len(clip.samples) / SAMPLE_RATE_HZ + _ROOM_SECONDS
    return min(math.ceil(seconds / _WINDOW_STEP_SECONDS) * _WINDOW_STEP_SECONDS, CLIP_SECONDS_MAX)


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ


def load(model_dir: Path, options: Mapping[str, str]) -> WhisperEngine:
    """Load the model in `model_dir`; options: threads, device, precision, those of a `Budget`."""
    threads = int(options.get("threads", "1"))
    return WhisperEngine(model_dir, threads, check(options), Budget.of(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that a model can compute as the options say; see `check_ctranslate2`."""
    return check_ctranslate2(ctranslate2, options)
