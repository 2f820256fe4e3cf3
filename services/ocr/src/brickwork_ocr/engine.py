"""What reading text means here: the values, and the Protocol of every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SAMPLE_EVERY_MS_DEFAULT = 1_000
SAMPLE_EVERY_MS_MIN = 200
SAMPLE_EVERY_MS_MAX = 60_000
LINES_MAX = 4
"""Lines that are read side by side where memory and threads allow it, one on a thread each."""


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels; the origin is the top left corner."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


@dataclass(frozen=True)
class Line:
    """A line of text, how sure the engine is of it in [0, 1], and where it stands."""

    text: str
    confidence: float
    box: Box


@dataclass(frozen=True)
class DocumentRequest:
    """Asks for the text of an image file."""

    path: Path


@dataclass(frozen=True)
class Page:
    """A page that was read; numbers start at 1, lines are in reading order."""

    number: int
    width_px: int
    height_px: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class PageProgress:
    """Lines of the page read so far; it makes room for other calls and for cancelling."""

    line_count: int


@dataclass(frozen=True)
class VideoRequest:
    """Asks for the text that a video shows from `start_ms` on."""

    path: Path
    sample_every_ms: int = SAMPLE_EVERY_MS_DEFAULT
    start_ms: int = 0


@dataclass(frozen=True)
class TimedText:
    """A text that a video shows for a while; its lines are joined by line breaks."""

    start_ms: int
    end_ms: int
    text: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Progress:
    """How far a video has been read, in milliseconds of media."""

    done_ms: int
    total_ms: int


@dataclass(frozen=True)
class VideoEnd:
    """The last event of a video: its length, frames looked at, frames read by the model."""

    duration_ms: int
    frame_count: int
    read_count: int


VideoEvent = TimedText | Progress | VideoEnd


class Engine(Protocol):
    """Reads text; each step takes at most one frame of a video or a few lines of a page."""

    def read_document(self, request: DocumentRequest) -> Iterator[Page | PageProgress]:
        """Read the pages of a document in order; an image is one page."""
        ...

    def read_video(self, request: VideoRequest) -> Iterator[VideoEvent]:
        """Read what a video shows: texts in order of start, progress between, one end."""
        ...
