"""What the asr brick says of speech, and what it asks of an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from brickwork_sdk.engine import EngineDescription


@dataclass(frozen=True)
class TranscribeRequest:
    """Transcribe the sound of a recording.

    Attributes:
        audio: the recording, any container with an audio stream.
        language: ISO 639-1 code; None lets the model hear it.
        start_ms: where to begin.
    """

    audio: Path
    language: str | None = None
    start_ms: int = 0


@dataclass(frozen=True)
class LanguageRequest:
    """Tell the language of the first half minute of speech."""

    audio: Path


@dataclass(frozen=True)
class Word:
    """A spoken word; the text has no blanks around it, confidence is in [0, 1]."""

    start_ms: int
    end_ms: int
    text: str
    confidence: float | None


@dataclass(frozen=True)
class Segment:
    """A sentence or a part of one; words are in order and inside of it."""

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...]
    language: str


@dataclass(frozen=True)
class Progress:
    """Everything before `done_ms` has been heard; `total_ms` is the recording's length."""

    done_ms: int
    total_ms: int


@dataclass(frozen=True)
class Language:
    """The language that was heard, with its probability in [0, 1]."""

    code: str
    probability: float


class AsrEngine(Protocol):
    """Turns speech into text, a few clips of at most 30 seconds a step."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        ...

    def transcribe(self, request: TranscribeRequest) -> Iterator[Segment | Progress]:
        """Yield final segments in order of time, with progress between them.

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

    def close(self) -> None:
        """Let go of the model."""
        ...
