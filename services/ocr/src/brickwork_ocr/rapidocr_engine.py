"""The engine on RapidOCR: PP-OCRv6 detection and recognition on ONNX Runtime."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rapidocr import RapidOCR
from rapidocr.main import RapidOCRError

from brickwork_ocr.engine import (
    LINES_MAX,
    Box,
    DocumentRequest,
    Line,
    Page,
    PageProgress,
    VideoEvent,
    VideoRequest,
)
from brickwork_ocr.reading_order import in_reading_order
from brickwork_ocr.video import read_video_frames
from brickwork_sdk.cuda import CUDA_13, arena_options, open_gpu, unavailable
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.data_limit import close_holes
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.frames import read_frames
from brickwork_sdk.media.image import read_image
from brickwork_sdk.media.probe import probe

DETECTION_FILE, RECOGNITION_FILE = "detection.onnx", "recognition.onnx"

CONFIDENCE_MIN = 0.7
"""A line below it is left out. Lines that were right had 0.85 and more even after hard
compression; below 0.75 an eighth of the characters or more was wrong. Noise, gradients, grids
and lines gave none at all; drawn circles are read as zeros with full confidence, and no
threshold helps."""

FRAME_SIDE_PX_MAX, PAGE_SIDE_PX_MAX = 1280, 1600
"""Longest side that is read: it bounds memory and time, and text of 12 px is still legible."""

ASPECT_MAX = 4
"""A picture narrower than this is padded: the detector scales the short side up to 736 px."""


_PRECISIONS = {"cpu": "float32", "cuda": "float32"}
_CUDA = {
    "use_tf32": "0",  # Rounds to ten bits, and the text shall be that of the processor.
    "cudnn_conv_algo_search": "HEURISTIC",  # Every line has a shape of its own to search for.
    "arena_extend_strategy": "kSameAsRequested",
}
_NETWORK_COUNT = 2


class RapidOcrEngine:
    """Reads pictures one at a time; text must stand upright.

    With the memory that it has beyond the least it reads lines side by side, and lets the heap keep
    what the next picture takes; without, it closes the holes in the heap between two pictures.

    The library can turn lines that stand upside down, but its classifier also turns some that
    do not: see ADR 0012.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement, budget: Budget) -> None:
        self._place = place
        self._budget = budget
        self._workers = min(threads, LINES_MAX) if place.device == "cpu" else 1
        self._pool = ThreadPoolExecutor(self._workers)
        cuda = _CUDA | arena_options(budget.granted_bytes, _NETWORK_COUNT)
        cv2.setNumThreads(threads)
        self._reader = RapidOCR(
            params={
                # With explicit paths nothing is looked up, and nothing is fetched.
                "Det.model_path": str(model_dir / DETECTION_FILE),
                "Rec.model_path": str(model_dir / RECOGNITION_FILE),
                # A picture comes in its final size and shape: see `_fitted`.
                "Global.use_vertical_padding": False,
                # The log keeps no words.
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.use_cuda": place.device == "cuda",
                **{f"EngineConfig.onnxruntime.cuda_ep_cfg.{k}": v for k, v in cuda.items()},
            }
        )
        # Each network loads when it is first needed, and that must not be in a call.
        word = np.zeros((64, 128, 3), dtype=np.uint8)
        cv2.putText(word, "word", (16, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
        list(self._lines(word, FRAME_SIDE_PX_MAX))
        close_holes()
        if place.device == "cuda":
            _require_cuda(self._reader)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        engine = f"rapidocr {version('rapidocr')}"
        return EngineDescription(engine, self._place.precision, self._place.device_name)

    def set_budget(self, granted_bytes: int) -> None:
        """Read as many lines side by side as this allows, also of the picture under way."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def close(self) -> None:
        """Have nothing to let go but memory."""
        self._pool.shutdown()

    def read_document(self, request: DocumentRequest) -> Iterator[Page | PageProgress]:
        """Read an image file as one page, a line a step.

        Raises:
            IMAGE_UNREADABLE, MEDIA_*: the file is no picture that can be read.
        """
        pixels = read_image(request.path)
        height_px, width_px = pixels.shape[:2]
        found = self._lines(pixels, PAGE_SIDE_PX_MAX)
        del pixels  # Of several pages that are read by turns only lines are held.
        lines: list[Line] = []
        for line in found:
            lines.append(line)
            yield PageProgress(len(lines))
        yield Page(1, width_px, height_px, in_reading_order(lines))

    def read_video(self, request: VideoRequest) -> Iterator[VideoEvent]:
        """Read what a video shows; see `read_video_frames`.

        Raises:
            NO_VIDEO_STREAM: the recording has no pictures.
            MEDIA_*: it cannot be read at all.
        """
        info = probe(request.path)
        if not info.has_video:
            raise InvalidInput(Reason.NO_VIDEO_STREAM, "The recording has no moving pictures.")
        frames = read_frames(
            request.path, every_ms=request.sample_every_ms, start_ms=request.start_ms
        )

        def read(pixels: NDArray[np.uint8]) -> tuple[Line, ...]:
            return in_reading_order(self._lines(pixels, FRAME_SIDE_PX_MAX))

        yield from read_video_frames(request, frames, read, info.duration_ms)

    def _lines(self, pixels: NDArray[np.uint8], side_px_max: int) -> Iterator[Line]:
        """Find the lines of a picture, then read a few side by side and yield them.

        One at a time is faster on a thread than six in a batch, which are padded to the longest,
        and a dense page needs half a gigabyte less.
        """
        height_px, width_px = pixels.shape[:2]
        picture, scale = _fitted(pixels, side_px_max)
        del pixels
        try:
            crops, found = self._reader.detect_and_crop(picture[:, :, ::-1], {})
        except RapidOCRError:  # This is how the library says that there is no text.
            self._tidy()
            return
        boxes = found.boxes
        assert boxes is not None
        del picture, found
        self._tidy()
        done = 0
        while done < len(crops):
            some = crops[done : done + min(self._workers, self._budget.at_once(LINES_MAX))]
            # One alone stays on this thread, whose heap is there already.
            apply = map if len(some) == 1 else self._pool.map
            read = list(apply(self._read, some))
            for (text, confidence), corners in zip(read, boxes[done:], strict=False):
                # A drawn square is read as a symbol; only letters and digits make a text.
                if confidence >= CONFIDENCE_MIN and any(map(str.isalnum, text)):
                    yield Line(text, confidence, _upright(corners / scale, width_px, height_px))
            done += len(some)
        self._tidy()

    def _read(self, crop: NDArray[np.uint8]) -> tuple[str, float]:
        """Return the text of a line and how sure the network is of it."""
        answer = self._reader.recognize_txt([crop])
        assert answer.txts is not None
        assert answer.scores is not None
        return answer.txts[0].strip(), float(answer.scores[0])

    def _tidy(self) -> None:
        if self._budget.at_once(LINES_MAX) == 1:
            close_holes()


def load(model_dir: Path, options: Mapping[str, str]) -> RapidOcrEngine:
    """Load the model.

    Args:
        model_dir: holds `detection.onnx` and `recognition.onnx`.
        options: `threads`, how many of them the networks use, "1" when absent; `device` and
            `precision`; those of a `Budget`.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
    """
    threads = int(options.get("threads", "1"))
    return RapidOcrEngine(model_dir, threads, check(options), Budget.of(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that the networks can compute as the options say; nothing is allocated for that.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _PRECISIONS)
    place.require_precision({"float32"})
    if place.device == "cuda":
        open_gpu(CUDA_13)
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise unavailable(
                "onnxruntime-gpu",
                "The ONNX Runtime that is installed knows no GPU; `make setup GPU=1` changes that.",
            )
    return place


def _require_cuda(reader: RapidOCR) -> None:
    """See that both networks are on the GPU, and keep them there.

    The library goes on with the processor when CUDA fails: with a warning at the start, with a
    line on stdout later. What no kernel of CUDA can do, such as shapes, it does there by design.
    """
    networks: tuple[Any, ...] = (reader.text_det, reader.text_rec)
    for network in networks:
        session = network.session.session
        if session.get_providers()[0] != "CUDAExecutionProvider":
            raise unavailable(
                "CUDA", "ONNX Runtime cannot use the GPU; the log of the brick says why."
            )
        session.disable_fallback()


def _fitted(pixels: NDArray[np.uint8], side_px_max: int) -> tuple[NDArray[np.uint8], float]:
    """Bound a picture in size and shape; returns it with its scale against the original.

    Whatever is added stands right and below, so coordinates only need the scale.
    """
    height_px, width_px = pixels.shape[:2]
    scale = min(1.0, side_px_max / max(height_px, width_px))
    if scale < 1.0:
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        height_px, width_px = pixels.shape[:2]
    least_px = -(-max(height_px, width_px, 32 * ASPECT_MAX) // ASPECT_MAX)
    below_px, right_px = max(0, least_px - height_px), max(0, least_px - width_px)
    if below_px or right_px:
        ground = tuple(int(level) for level in np.median(pixels, axis=(0, 1)))
        pixels = np.asarray(
            cv2.copyMakeBorder(pixels, 0, below_px, 0, right_px, cv2.BORDER_CONSTANT, value=ground),
            dtype=np.uint8,
        )
    return pixels, scale


def _upright(corners: NDArray[np.float32], width_px: int, height_px: int) -> Box:
    """Enclose the four corners, float [4, 2] as x and y, within the picture."""
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    return Box(
        max(0, int(left)), max(0, int(top)), min(width_px, int(right)), min(height_px, int(bottom))
    )
