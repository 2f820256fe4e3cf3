"""What reading text means here: the values, and the Protocol of every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from brickwork_sdk.engine.interim import Interim

SAMPLE_EVERY_MS_DEFAULT = 1_000
SAMPLE_EVERY_MS_MIN = 200
SAMPLE_EVERY_MS_MAX = 60_000
LINES_MAX = 4
"""Lines of like width that are read together where memory allows it."""
PAGES_MAX = 300
"""Pages of a document that one call reads."""
PDF_BYTES_MAX = 256 * 1024 * 1024
"""Largest PDF; a book of 300 scanned pages has half of that."""
PAGE_OBJECTS_MAX = 100_000
"""Text runs, shapes and pictures on a page of a PDF; a detailed map has some ten thousand."""
PAGE_PIXELS_MAX = 100_000_000
"""Pixels of all pictures on a page of a PDF; each by itself is bounded as any picture is."""
PAGE_SIDE_PX_MAX = 1600
"""Longest side of a page that is read: it bounds memory and time, and text of 12 px is still
legible."""

Source = Literal["picture", "text_layer"]
RegionKind = Literal["title", "paragraph", "table", "other"]


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels; the origin is the top left corner."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


@dataclass(frozen=True)
class Line:
    """A line of text, how sure the engine is of it in [0, 1], and where it stands.

    What a document holds as text has no confidence.
    """

    text: str
    confidence: float | None
    box: Box


@dataclass(frozen=True)
class DocumentRequest:
    """Asks for pages of an image or a PDF, from 1; the last is None for all that there are."""

    path: Path
    first_page: int = 1
    last_page: int | None = None


@dataclass(frozen=True)
class Page:
    """A page that was read; numbers start at 1, lines are in reading order.

    `rotation_degrees` tells how the picture lies, in quarter turns clockwise from upright.
    """

    number: int
    width_px: int
    height_px: int
    lines: tuple[Line, ...]
    source: Source = "picture"
    rotation_degrees: int = 0


@dataclass(frozen=True)
class Region:
    """A part of a page, by geometry: its lines are in reading order, and the box encloses them."""

    kind: RegionKind
    box: Box
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class PageLayout:
    """What a page is made of, in reading order; see `Page`."""

    number: int
    width_px: int
    height_px: int
    regions: tuple[Region, ...]
    source: Source = "picture"
    rotation_degrees: int = 0


@dataclass(frozen=True)
class PageProgress(Interim):
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
class Progress(Interim):
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

    def detect_layout(self, request: DocumentRequest) -> Iterator[PageLayout | PageProgress]:
        """Tell what the pages of a document are made of."""
        ...

    def read_video(self, request: VideoRequest) -> Iterator[VideoEvent]:
        """Read what a video shows: texts in order of start, progress between, one end."""
        ...
