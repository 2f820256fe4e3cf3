"""An engine without a model: the same picture always gives the same text."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.documents import Reading, lay_out_pages, read_pages
from brickwork_ocr.engine import (
    LINES_MAX,
    Box,
    DocumentRequest,
    Line,
    Page,
    PageLayout,
    PageProgress,
    VideoEvent,
    VideoRequest,
)
from brickwork_ocr.turn import Turn
from brickwork_ocr.video import read_video_frames
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.media.frames import read_frames
from brickwork_sdk.media.probe import probe


class ScriptedOcrEngine:
    """Reads a picture as one line that tells its brightness, and a black one as nothing.

    It looks at a page in so many steps as the real engine would take for four lines, and is as
    confident as it looks at much of it at once, which is how its budget shows.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def set_budget(self, granted_bytes: int) -> None:
        """Take as many steps as this allows."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def read_document(self, request: DocumentRequest) -> Iterator[Page | PageProgress]:
        """Read the pages of a document."""
        yield from read_pages(request, self._look)

    def detect_layout(self, request: DocumentRequest) -> Iterator[PageLayout | PageProgress]:
        """Tell what the pages of a document are made of."""
        yield from lay_out_pages(request, self._look)

    def read_video(self, request: VideoRequest) -> Iterator[VideoEvent]:
        """Read each picture that the real engine would read."""
        frames = read_frames(
            request.path, every_ms=request.sample_every_ms, start_ms=request.start_ms
        )
        yield from read_video_frames(request, frames, _read, probe(request.path).duration_ms)

    def _look(self, pixels: NDArray[np.uint8]) -> Generator[PageProgress, None, Reading]:
        lines = _read(pixels)
        seen, confidence = 0, 1.0
        while seen < LINES_MAX:
            at_once = self._budget.at_once(LINES_MAX)
            seen, confidence = seen + at_once, min(confidence, at_once / LINES_MAX)
            yield PageProgress(len(lines))
        lines = tuple(replace(line, confidence=confidence) for line in lines)
        return Reading(lines, Turn(pixels.shape[1], pixels.shape[0]))


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedOcrEngine:
    """Need no model, and of the options those of a `Budget`."""
    return ScriptedOcrEngine(Budget.of(options))


def _read(pixels: NDArray[np.uint8]) -> tuple[Line, ...]:
    # In tens, because a codec moves an even grey by a few steps.
    brightness = round(float(pixels.mean()) / 10) * 10
    if brightness == 0:
        return ()
    height_px, width_px = pixels.shape[:2]
    return (Line(f"Brightness {brightness}", 1.0, Box(0, 0, width_px, height_px)),)
