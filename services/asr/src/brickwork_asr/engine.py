"""What the asr brick says of speech, and what it asks of an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Base64Bytes

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.interim import Interim

Task = Literal["transcribe", "translate"]
TRANSLATE, PROMPT, HOT_WORDS = "translate", "prompt", "hot_words"
"""Abilities, of which each model's entry in `models.json` names those that it has."""


@dataclass(frozen=True)
class TranscribeRequest:
    """Transcribe the sound of a recording.

    Attributes:
        audio: the recording, any container with an audio stream.
        language: ISO 639-1 code; None lets the model hear it, and again where it changes.
        start_ms: where to begin.
        task: to write what is said, or to write it in English.
        prompt: text that could have come before; empty for none.
        hot_words: names and terms that may be said.
    """

    audio: Path
    language: str | None = None
    start_ms: int = 0
    task: Task = "transcribe"
    prompt: str = ""
    hot_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class LanguageRequest:
    """Tell the language of the first half minute of speech."""

    audio: Path


Encoding = Literal["pcm_s16le", "pcm_f32le"]
"""How a sample of live sound is written: 16-bit integers, or 32-bit floats in [-1, 1]."""


@dataclass(frozen=True)
class HearRequest:
    """Tell what is said in the sound of a live stream that is held now.

    Attributes:
        sound: whole samples of one channel, at most 30 s.
        encoding: of a sample.
        sample_rate_hz: samples per second.
        start_ms: where in the stream the sound begins.
        said: the words at its beginning that are final, as text.
        heard_ms: speech that ends before this has all of its words already.
        language: ISO 639-1 code; None lets the model hear it.
        prompt: text that could have come before the stream; empty for none.
        hot_words: names and terms that may be said.
    """

    # Base64 where it crosses to the engine process, which is spoken to in JSON.
    sound: Base64Bytes
    encoding: Encoding
    sample_rate_hz: int
    start_ms: int = 0
    said: str = ""
    heard_ms: int = 0
    language: str | None = None
    prompt: str = ""
    hot_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Word:
    """A spoken word; the text has no blanks around it.

    Its confidence is the mean probability of its tokens, in [0, 1]; None where there is none.
    """

    start_ms: int
    end_ms: int
    text: str
    confidence: float | None


@dataclass(frozen=True)
class Segment:
    """A sentence or a part of one; words are in order and inside of it.

    The language is the one that is spoken, also where the text is a translation.
    """

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...]
    language: str


@dataclass(frozen=True)
class Progress(Interim):
    """Everything before `done_ms` has been heard; `total_ms` is the recording's length."""

    done_ms: int
    total_ms: int


@dataclass(frozen=True)
class Language:
    """The language that was heard, with its probability in [0, 1]."""

    code: str
    probability: float


@dataclass(frozen=True)
class SpeechSpan:
    """Where in a stream somebody speaks, from the first to the last."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Hypothesis:
    """What is understood of live sound; more sound may change it.

    Attributes:
        words: in order, after those that were said already; times are those of the stream.
        language: in which, as it was heard or named; None where there are no words.
        speech: None where nobody speaks.
    """

    words: tuple[Word, ...]
    language: Language | None
    speech: SpeechSpan | None


class AsrEngine(Protocol):
    """Turns speech into text, a few clips of at most 30 seconds a step."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        ...

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield final segments in order of time, with progress between them.

        An engine gets a prompt, hot words or a translation to do only where its model's abilities
        name them; whoever cannot need not look at those fields. A language that is given is one
        of the model's. Where nobody speaks, in music and in noise, there are no words.

        Raises:
            MEDIA_*: the recording cannot be read.
            NO_AUDIO_STREAM: it has no sound.
        """
        ...

    def detect_language(self, request: LanguageRequest) -> Iterator[Language]:
        """Yield the one language.

        Raises:
            NO_SPEECH: nobody speaks.
            MEDIA_*: the recording cannot be read.
        """
        ...

    def hear(self, request: HearRequest) -> Iterator[Hypothesis | Progress]:
        """Yield one hypothesis, after progress that says nothing but gives way to others."""
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...
