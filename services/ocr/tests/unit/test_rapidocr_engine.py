"""What the real model reads; it needs the model store."""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from brickwork_ocr.shapes import LINE_HEIGHT_PX, LINE_WIDTHS_PX, SIDES_PX
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.testing.recordings import tone, write_recording

if TYPE_CHECKING:  # it is loaded where nobody may be reached
    from brickwork_ocr.rapidocr_engine import RapidOcrEngine

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


def textured() -> NDArray[np.uint8]:
    """Make what a photograph is to a reader: soft shapes of all sizes on a gradient."""
    lot = np.random.default_rng(3)
    picture = np.linspace(40, 200, 640)[None, :, None] + np.zeros((480, 640, 3))
    for size in (4, 16, 60):
        small = Image.fromarray(lot.integers(0, 256, (480 // size, 640 // size, 3), dtype=np.uint8))
        picture += np.asarray(small.resize((640, 480), Image.Resampling.BICUBIC)) / 4.0 - 32
    return np.clip(picture, 0, 255).astype(np.uint8)


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
        textured(),
    ],
    ids=["black", "noise", "pixel", "strip", "pole", "texture"],
)
def test_picture_without_text_has_none(
    engine: Engine, tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    assert page_of(engine, tmp_path, pixels).lines == ()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_on_its_side_or_head_is_read_as_if_it_stood_upright(
    engine: Engine, tmp_path: Path, quarters: int
) -> None:
    pixels = np.ascontiguousarray(np.rot90(drawn(FIRST), -quarters))
    page = page_of(engine, tmp_path, pixels)
    assert [line.text for line in page.lines] == FIRST
    assert page.rotation_degrees == 90 * quarters
    assert (page.height_px, page.width_px) == pixels.shape[:2]
    for line in page.lines:
        inside = pixels[line.box.top_px : line.box.bottom_px, line.box.left_px : line.box.right_px]
        assert inside.min() < 50, "its box is where it stands in the picture that was sent"


def test_a_page_that_leans_and_is_noisy_is_read_line_by_line(
    engine: Engine, tmp_path: Path
) -> None:
    lines = [
        f"{row + 1}. A line that goes all across the page, from edge to edge" for row in range(6)
    ]
    leaning = Image.fromarray(drawn(lines)).rotate(4, Image.Resampling.BICUBIC, fillcolor="white")
    noise = np.random.default_rng(1).normal(0, 20, (720, 1280, 1))
    pixels = np.clip(np.asarray(leaning) + noise, 0, 255).astype(np.uint8)
    page = page_of(engine, tmp_path, pixels)
    assert [line.text for line in page.lines] == lines
    assert page.rotation_degrees == 0


def test_the_networks_see_few_shapes(engine: "RapidOcrEngine", tmp_path: Path) -> None:
    seen: list[tuple[int, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        for network in (engine._detector, engine._recogniser):
            run = network.session.__call__

            def watched(batch: NDArray[np.float32], run: Any = run) -> Any:
                seen.append(batch.shape)
                return run(batch)

            patch.setattr(network, "session", watched)
        for width_px, height_px in ((700, 300), (731, 317), (762, 334)):
            page_of(engine, tmp_path, drawn(FIRST[:2], width_px, height_px, 30))
    pictures = {shape for shape in seen if shape[2] != LINE_HEIGHT_PX}
    assert len(pictures) == 1
    assert {side for shape in pictures for side in shape[2:]} <= set(SIDES_PX)
    lines = {shape for shape in seen if shape[2] == LINE_HEIGHT_PX}
    assert {shape[3] for shape in lines} <= set(LINE_WIDTHS_PX)
    assert len(lines) <= 2


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
