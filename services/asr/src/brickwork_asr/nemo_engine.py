"""The asr engine on NeMo: a network of CTC, RNN-T or TDT out of a `.nemo` file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from brickwork_asr.batches import CLIPS_MAX, in_batches
from brickwork_asr.clips import Clip, cut_clips
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
from brickwork_asr.nemo_model import NemoModel
from brickwork_asr.sentences import cut_sentences
from brickwork_asr.voice_activity import find_speech
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.libraries import check_torch
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 60.0


class NemoEngine:
    """Transcribes; a step encodes one batch of clips, or writes the words of one."""

    def __init__(
        self,
        model_dir: Path,
        threads: int,
        place: Placement,
        languages: tuple[str, ...],
        budget: Budget,
    ) -> None:
        self._model = NemoModel(model_dir, threads, place.device)
        self._place = place
        self._languages = languages
        self._budget = budget

    def clips_max(self) -> int:
        """Return how many clips may be worked on at once now."""
        return self._budget.at_once(CLIPS_MAX)

    def set_budget(self, granted_bytes: int) -> None:
        """Work on as many clips at once as this allows, from the next batch on."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(
            self._model.library, self._place.precision, self._place.device_name
        )

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield segments clip by clip; see `AsrEngine`.

        Progress is told again between the two steps of a batch, so that other calls get their turn.
        """
        language = self._language(request.language)
        total_ms = probe(request.audio).duration_ms
        blocks = read_audio(request.audio, start_ms=request.start_ms, block_seconds=_BLOCK_SECONDS)
        here = Progress(request.start_ms, total_ms)
        yield here
        for batch in in_batches(cut_clips(blocks, find_speech), 1, self.clips_max):
            states = self._model.encode([clip.samples for clip in batch])
            yield here
            for clip, words in zip(batch, self._model.decode(states), strict=True):
                yield from cut_sentences([_placed(word, clip) for word in words], language)
                here = Progress(clip.heard_ms, total_ms)
                yield here
        yield Progress(total_ms, total_ms)

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Refuse: the model writes in the language that it was made for, whatever is spoken.

        Raises:
            NotPossible: MODEL_CANNOT.
        """
        raise NotPossible(
            Reason.MODEL_CANNOT,
            "This model cannot tell languages apart; ask another one.",
            metadata={"ability": "detect_language"},
        )

    def hear(self, request: HearRequest) -> Iterator[Hypothesis | Progress]:
        """Yield what is said after the words that are known; see `AsrEngine`.

        All that is held is heard again each time, known words too: nothing can be told beforehand
        to such a network.
        """
        language = self._language(request.language)
        samples = samples_of(request)
        stretches = find_speech(samples)
        if not stretches:
            yield Hypothesis((), None, None)
            return
        first, last = 0 if request.said else stretches[0][0], stretches[-1][1]
        start_ms, end_ms = (request.start_ms + _ms(sample) for sample in (stretches[0][0], last))
        speech = SpeechSpan(start_ms, end_ms)
        if end_ms <= request.heard_ms:
            yield Hypothesis((), None, speech)
            return
        clip = Clip(request.start_ms + _ms(first), samples[first:last], (), end_ms)
        states = self._model.encode([clip.samples])
        yield Progress(request.start_ms, request.start_ms)
        (heard,) = self._model.decode(states)
        words = words_after(request.said, [_placed(word, clip) for word in heard])
        yield Hypothesis(tuple(words), Language(language, 1.0) if words else None, speech)

    def close(self) -> None:
        """Have nothing to let go but memory."""

    def _language(self, named: str | None) -> str:
        if named is not None:
            return named
        if len(self._languages) == 1:
            return self._languages[0]
        known = ", ".join(self._languages)
        raise InvalidInput(
            Reason.LANGUAGE_UNKNOWN,
            f"This model does not tell which language it hears; name one of: {known}.",
            metadata={"language": "", "known": known},
        )


def load(model_dir: Path, options: Mapping[str, str]) -> NemoEngine:
    """Load the `.nemo` file in `model_dir`.

    Args:
        model_dir: holds it, and no other.
        options: `threads`, `device`, `precision`, `languages` that the model knows, parted by
            commas, and those of a `Budget`.
    """
    languages = tuple(filter(None, options.get("languages", "").split(",")))
    threads = int(options.get("threads", "1"))
    return NemoEngine(model_dir, threads, check(options), languages, Budget.of(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that the model can compute as the options say; see `check_torch`."""
    return check_torch(torch.cuda, options)


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ


def _placed(word: Word, clip: Clip) -> Word:
    """Return a word with its times in the recording, none beyond its clip."""
    end_ms = min(clip.start_ms + word.end_ms, clip.heard_ms)
    start_ms = min(clip.start_ms + word.start_ms, end_ms)
    return replace(word, start_ms=start_ms, end_ms=end_ms)
