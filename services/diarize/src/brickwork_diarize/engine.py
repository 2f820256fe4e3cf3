"""What the diarize brick says of speakers, and what it asks of an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from brickwork_sdk.engine import EngineDescription

SPEAKER_COUNT_MAX = 20


@dataclass(frozen=True)
class DiarizeRequest:
    """Tell apart the speakers of a recording.

    Attributes:
        audio: the recording, any container with an audio stream.
        speaker_count: how many there are, 1 to 20; None finds it.
    """

    audio: Path
    speaker_count: int | None = None


@dataclass(frozen=True)
class Progress:
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
class RecordingEnd:
    """The last event: how many speakers there are, and the length of the recording."""

    speaker_count: int
    duration_ms: int


DiarizeEvent = Progress | Turn | RecordingEnd


class DiarizeEngine(Protocol):
    """Tells speakers apart, at most 30 seconds of sound a step."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        ...

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress, then all turns in order of start, then one end.

        A turn is final only when the whole recording has been heard: until then two labels
        may still prove to be one person.

        Raises:
            MEDIA_*: the recording cannot be read.
            NO_AUDIO_STREAM: it has no sound.
        """
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...
