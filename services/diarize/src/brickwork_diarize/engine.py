"""What the diarize brick says of speakers and voices, and what it asks of an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.interim import Interim

SPEAKER_COUNT_MAX = 20
SPANS_MAX = 1_000
"""Spans that one request may name."""
SPANS_MS_MAX = 10 * 60_000
"""Sound that one voice is taken from; a minute is plenty."""
SPEECH_MS_MIN = 3_000
"""Less speech than this says too little of a voice: see the figures in the README."""


class Material(StrEnum):
    """What kind of recording it is: where voices change, and how fast."""

    MEETING = "meeting"
    """One recording of people who talk with each other; their voices may come from afar."""
    EDITED = "edited"
    """Put together from several: voices change at once, without a pause between them."""


@dataclass(frozen=True)
class DiarizeRequest:
    """Tell apart the speakers of a recording.

    Attributes:
        audio: the recording, any container with an audio stream.
        speaker_count_min: how many there are at least, 1 to 20.
        speaker_count_max: how many there are at most, not less; None knows of no limit. Where
            both are the same their number is known.
        material: what kind of recording it is.
        with_voices: whether the voice of each speaker is told as well.
    """

    audio: Path
    speaker_count_min: int = 1
    speaker_count_max: int | None = None
    material: Material = Material.MEETING
    with_voices: bool = False


@dataclass(frozen=True)
class Span:
    """A stretch of a recording; its end is greater than its start."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class EmbedRequest:
    """Describe the voice that is heard most in a recording.

    Attributes:
        audio: the recording, any container with an audio stream.
        spans: where to listen, in order and apart from each other, at most `SPANS_MS_MAX` in all;
            none listens to its beginning, as far as that limit.
    """

    audio: Path
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Progress(Interim):
    """Everything before `done_ms` has been heard; `total_ms` is the recording's length."""

    done_ms: int
    total_ms: int


@dataclass(frozen=True)
class Turn:
    """One speaker speaking; turns of different speakers may overlap.

    Attributes:
        start_ms: start in the recording.
        end_ms: end in the recording, greater than the start.
        speaker: `S1` is who speaks first, then `S2` and so on.
    """

    start_ms: int
    end_ms: int
    speaker: str


@dataclass(frozen=True)
class SpeakerVoice:
    """The voice of a speaker; comparable with every voice of the same model.

    Attributes:
        speaker: as in its turns.
        vector: of length 1; two of one person have a greater product than those of two people.
    """

    speaker: str
    vector: tuple[float, ...]


@dataclass(frozen=True)
class RecordingEnd:
    """The last event: how many speakers there are, and the length of the recording."""

    speaker_count: int
    duration_ms: int


@dataclass(frozen=True)
class Voice:
    """The voice that is heard most.

    Attributes:
        vector: of length 1, as in `SpeakerVoice`.
        speech_ms: how much speech of it was used.
        share: that over all speech of anybody who talks alone, in (0, 1]; little means that
            several people talk.
    """

    vector: tuple[float, ...]
    speech_ms: int
    share: float


DiarizeEvent = Progress | Turn | SpeakerVoice | RecordingEnd
EmbedEvent = Progress | Voice


class DiarizeEngine(Protocol):
    """Tells speakers apart, at most 30 seconds of sound a step."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        ...

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress, all turns in order of start, voices where asked for, then one end.

        A turn is final only when the whole recording has been heard: until then two labels
        may still prove to be one person. A voice is told of each speaker who talks long enough
        alone.

        Raises:
            MEDIA_*: the recording cannot be read.
            NO_AUDIO_STREAM: it has no sound.
            MODEL_CANNOT: voices are asked for, and the model has none.
        """
        ...

    def embed_speaker(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        """Yield progress, then the one voice.

        Raises:
            MEDIA_*: the recording cannot be read.
            NO_AUDIO_STREAM: it has no sound.
            NO_SPEECH: nobody talks alone there.
            SPEECH_TOO_SHORT: somebody does, for less than `SPEECH_MS_MIN`.
            MODEL_CANNOT: the model tells speakers apart without such voices.
        """
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...
