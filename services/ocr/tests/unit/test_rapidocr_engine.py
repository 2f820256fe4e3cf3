"""What the real model reads; it needs the model store."""

import socket
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from brickwork_ocr.engine import (
    DocumentRequest,
    Engine,
    Page,
    TimedText,
    VideoEnd,
    VideoRequest,
)
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.testing.recordings import tone, write_recording

pytestmark = pytest.mark.models

MODEL_DIR = Path(__file__).parents[4] / ".brickwork" / "models" / "pp-ocrv6-small"

FIRST = ["Quarterly results 2026", "Revenue grew by 12 percent", "Next review: 14 December, 10:30"]
SECOND = ["Why do we test?", "A test that cannot fail proves nothing."]


@pytest.fixture(scope="module")
def engine() -> Iterable[Engine]:
    """Load the engine on a machine that may not speak to any other."""

    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"the engine wanted to reach {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        from brickwork_ocr.rapidocr_engine import load

        yield load(MODEL_DIR, {"threads": "1"})


def drawn(
    lines: Iterable[str], width_px: int = 1280, height_px: int = 720, size_px: int = 40
) -> NDArray[np.uint8]:
    """Render lines as a slide; Pillow's own font has no accents."""
    image = Image.new("RGB", (width_px, height_px), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size_px)
    for row, line in enumerate(lines):
        pen.text((60, 40 + row * 2 * size_px), line, font=font, fill="black")
    return np.asarray(image, dtype=np.uint8)


def page_of(engine: Engine, folder: Path, pixels: NDArray[np.uint8]) -> Page:
    path = folder / "page.png"
    Image.fromarray(pixels).save(path)
    *_, page = engine.read_document(DocumentRequest(path))
    assert isinstance(page, Page)
    return page


def test_slide_is_read_line_by_line_with_places_in_its_own_pixels(
    engine: Engine, tmp_path: Path
) -> None:
    page = page_of(engine, tmp_path, drawn(FIRST, width_px=2560, height_px=1440, size_px=80))
    assert [line.text for line in page.lines] == FIRST
    assert (page.width_px, page.height_px) == (2560, 1440)
    for row, line in enumerate(page.lines):
        assert line.confidence is not None
        assert line.confidence > 0.9
        assert 40 <= line.box.left_px <= 70
        assert line.box.top_px <= 40 + row * 160 + 40 <= line.box.bottom_px


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((720, 1280, 3), dtype=np.uint8),
        np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8),
        np.full((1, 1, 3), 255, dtype=np.uint8),
        np.full((20, 3000, 3), 128, dtype=np.uint8),
        np.full((3000, 20, 3), 128, dtype=np.uint8),
    ],
    ids=["black", "noise", "pixel", "strip", "pole"],
)
def test_picture_without_text_has_none(
    engine: Engine, tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    assert page_of(engine, tmp_path, pixels).lines == ()


def test_slides_of_a_video_are_read_once_each_with_their_times(
    engine: Engine, tmp_path: Path
) -> None:
    slides = [drawn(FIRST)] * 8 + [drawn(SECOND)] * 8
    video = write_recording(tmp_path / "talk.mp4", slides=slides, frames_per_second=2)
    events = list(engine.read_video(VideoRequest(video)))
    texts = [event for event in events if isinstance(event, TimedText)]
    assert [(text.start_ms, text.end_ms) for text in texts] == [(0, 4000), (4000, 8000)]
    assert [text.text for text in texts] == ["\n".join(FIRST), "\n".join(SECOND)]
    assert events[-1] == VideoEnd(duration_ms=8000, frame_count=8, read_count=2)


def test_sound_alone_is_no_video(engine: Engine, tmp_path: Path) -> None:
    sound = write_recording(tmp_path / "sound.wav", tone(1.0))
    with pytest.raises(InvalidInput) as caught:
        next(engine.read_video(VideoRequest(sound)))
    assert caught.value.reason is Reason.NO_VIDEO_STREAM


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(),
    reason="the ONNX Runtime that is installed knows CUDA",
)
def test_networks_that_the_library_would_quietly_run_on_the_processor_are_refused() -> None:
    from brickwork_ocr.rapidocr_engine import RapidOcrEngine

    with pytest.raises(NotPossible, match="cannot use the GPU"):
        RapidOcrEngine(MODEL_DIR, 1, Placement("cuda", "float32"), Budget())
