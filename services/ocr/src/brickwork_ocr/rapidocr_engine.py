"""The engine on RapidOCR: PP-OCRv6 detection and recognition on ONNX Runtime."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import onnxruntime
from rapidocr import RapidOCR
from rapidocr.main import RapidOCRError

from brickwork_ocr.cuts import Pixels, Quads, by_width, cut, lies_sideways, samples, skew_degrees
from brickwork_ocr.documents import Reading, lay_out_pages, read_pages
from brickwork_ocr.engine import (
    LINES_MAX,
    PAGE_SIDE_PX_MAX,
    DocumentRequest,
    Line,
    Page,
    PageLayout,
    PageProgress,
    VideoEvent,
    VideoRequest,
)
from brickwork_ocr.reading_order import in_reading_order
from brickwork_ocr.shapes import BATCHES, fitted, line_batch, line_width_px, padded
from brickwork_ocr.turn import Turn
from brickwork_ocr.video import read_video_frames
from brickwork_sdk.cuda import arena_options, unavailable
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.data_limit import close_holes
from brickwork_sdk.engine.libraries import check_onnxruntime
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.frames import read_frames
from brickwork_sdk.media.probe import probe

DETECTION_FILE, RECOGNITION_FILE = "detection.onnx", "recognition.onnx"

CONFIDENCE_MIN = 0.7
"""A line below it is left out. Lines that were right had 0.85 and more even after hard
compression; below 0.75 an eighth of the characters or more was wrong. Noise, gradients, grids
and lines gave none at all; drawn circles are read as zeros with full confidence, and no
threshold helps."""

FRAME_SIDE_PX_MAX = 1280
"""Longest side of a frame that is read; see `PAGE_SIDE_PX_MAX`."""

SURE = 0.9
"""Lines that were read with so much confidence stand upright."""
TURN_MARGIN = 0.05
"""A picture lies the other way around if its lines are read with so much more confidence."""

_CUDA = {
    "use_tf32": "0",  # Rounds to ten bits, and the text shall be that of the processor.
    "cudnn_conv_algo_search": "HEURISTIC",  # A search of every shape takes seconds.
    "arena_extend_strategy": "kSameAsRequested",
}
_NETWORK_COUNT = 2

Read = Mapping[int, tuple[str, float]]
"""Texts and confidences of lines, by the place of the line among those of the picture."""


@dataclass(frozen=True)
class Found:
    """A picture and the lines that were found in it.

    Attributes:
        picture: uint8 [height, width, 3], BGR, in the size that is read.
        quads: where the lines stand in it.
        scale: of the picture against the original.
    """

    picture: Pixels
    quads: Quads
    scale: float


class RapidOcrEngine:
    """Reads pictures: finds the lines, sees how they lie, reads them by a few of like width.

    With the memory that it has beyond the least it reads more lines together, and lets the heap
    keep what the next picture takes; without, it closes the holes in the heap between two pictures.

    The library can turn lines that stand upside down, but its classifier also turns some that
    do not: see ADR 0012. So whole pages are turned here, by what can be read better.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement, budget: Budget) -> None:
        self._place = place
        self._budget = budget
        cuda = _CUDA | arena_options(budget.granted_bytes, _NETWORK_COUNT)
        cv2.setNumThreads(threads)
        reader = RapidOCR(
            params={
                # With explicit paths nothing is looked up, and nothing is fetched.
                "Det.model_path": str(model_dir / DETECTION_FILE),
                "Rec.model_path": str(model_dir / RECOGNITION_FILE),
                # A picture comes in its final size and shape: see `shapes`.
                "Global.use_vertical_padding": False,
                # The log keeps no words.
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.use_cuda": place.device == "cuda",
                **{f"EngineConfig.onnxruntime.cuda_ep_cfg.{k}": v for k, v in cuda.items()},
            }
        )
        # Each network is loaded when it is first needed, and that must not be in a call.
        word = np.zeros((64, 128, 3), dtype=np.uint8)
        cv2.putText(word, "word", (16, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
        with suppress(RapidOCRError):  # This is how the library says that there is no text.
            reader.detect_and_crop(padded(fitted(word, FRAME_SIDE_PX_MAX)[0]), {})
        reader.recognize_txt([word])
        self._detector: Any = reader.text_det
        self._recogniser: Any = reader.text_rec
        close_holes()
        if place.device == "cuda":
            _require_cuda(self._detector, self._recogniser)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        engine = f"rapidocr {version('rapidocr')}"
        return EngineDescription(engine, self._place.precision, self._place.device_name)

    def set_budget(self, granted_bytes: int) -> None:
        """Read as many lines together as this allows, also of the picture under way."""
        self._budget = replace(self._budget, granted_bytes=granted_bytes)

    def close(self) -> None:
        """Have nothing to let go but memory."""

    def read_document(self, request: DocumentRequest) -> Iterator[Page | PageProgress]:
        """Read a document, a few lines a step; see `read_pages`.

        Raises:
            IMAGE_UNREADABLE, DOCUMENT_*, MEDIA_*: the file is none that can be read.
        """
        yield from read_pages(request, self._read_page)

    def detect_layout(self, request: DocumentRequest) -> Iterator[PageLayout | PageProgress]:
        """Tell what the pages of a document are made of; see `lay_out_pages`.

        Raises:
            IMAGE_UNREADABLE, DOCUMENT_*, MEDIA_*: the file is none that can be read.
        """
        yield from lay_out_pages(request, self._read_page)

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
        yield from read_video_frames(request, frames, self._read_frame, info.duration_ms)

    def _read_frame(self, pixels: Pixels) -> tuple[Line, ...]:
        """Read a frame, in which text stands upright."""
        found = self._find(*fitted(pixels, FRAME_SIDE_PX_MAX))
        turn = Turn(pixels.shape[1], pixels.shape[0])
        cuts = cut(found.picture, found.quads, 0)
        lines = [line for some in self._read(cuts) for line in _lines(some, found, turn)]
        self._tidy()
        return tuple(map(turn.line, in_reading_order(lines)))

    def _read_page(self, pixels: Pixels) -> Generator[PageProgress, None, Reading]:
        """Read a picture that may lie on its side or head, a few lines a step."""
        height_px, width_px = pixels.shape[:2]
        picture, scale = fitted(pixels, PAGE_SIDE_PX_MAX)
        del pixels  # It may have 40 megapixels.
        found = self._find(picture, scale)
        yield PageProgress(0)
        quarters, known = yield from self._quarters(found)
        turn = Turn(width_px, height_px, quarters, skew_degrees(found.quads, quarters))
        lines = _lines(known, found, turn)
        for some in self._read(cut(found.picture, found.quads, quarters), known):
            lines += _lines(some, found, turn)
            yield PageProgress(len(lines))
        self._tidy()
        return Reading(tuple(lines), turn)

    def _find(self, picture: Pixels, scale: float) -> Found:
        """Find the lines of a picture, RGB, that was brought to this scale."""
        picture = np.ascontiguousarray(picture[:, :, ::-1])
        quads = self._detector(padded(picture)).boxes
        self._tidy()
        if quads is None:
            quads = np.zeros((0, 4, 2))
        return Found(picture, np.asarray(quads, dtype=np.float32), scale)

    def _quarters(self, found: Found) -> Generator[PageProgress, None, tuple[int, Read]]:
        """Tell how a picture lies, and which lines were read to know it.

        Lines that are read with confidence stand upright; otherwise they are read the other way
        around as well.
        """
        chosen, sideways = samples(found.quads), int(lies_sideways(found.quads))
        best, quarters, known = 0.0, sideways, dict[int, tuple[str, float]]()
        for tried in (sideways, sideways + 2):
            cuts = cut(found.picture, found.quads[chosen], tried)
            read: dict[int, tuple[str, float]] = {}
            for some in self._read(cuts):
                read |= {chosen[at]: one for at, one in some.items()}
                yield PageProgress(0)
            surety = sum(confidence for _, confidence in read.values()) / max(1, len(read))
            if tried == sideways or surety > best + TURN_MARGIN:
                best, quarters, known = surety, tried, read
            if best >= SURE:
                break
        return quarters, known

    def _read(self, cuts: Sequence[Pixels], known: Read = MappingProxyType({})) -> Iterator[Read]:
        """Read lines by a few of like width, those that are known already left out.

        Lines of unlike widths would be padded to the longest. ADR 65 has what that costs.
        """
        widths_px = [line_width_px(one) for one in cuts]
        for group in by_width(widths_px):
            left = [at for at in group if at not in known]
            while left:
                most = min(len(left), self._budget.at_once(LINES_MAX))
                count = next(one for one in BATCHES if one <= most)
                some, left = left[:count], left[count:]
                batch = line_batch([cuts[at] for at in some], widths_px[some[0]])
                told, _ = self._recogniser.postprocess_op(self._recogniser.session(batch))
                yield {
                    at: (str(text).strip(), float(confidence))
                    for at, (text, confidence) in zip(some, told, strict=True)
                }

    def _tidy(self) -> None:
        if self._budget.at_once(LINES_MAX) == 1:
            close_holes()


def _lines(read: Read, found: Found, turn: Turn) -> list[Line]:
    """Return those lines that say something, with boxes as if the picture stood upright."""
    return [
        Line(text, confidence, turn.upright(found.quads[at] / found.scale))
        for at, (text, confidence) in read.items()
        # A drawn square is read as a symbol; only letters and digits make a text.
        if confidence >= CONFIDENCE_MIN and any(map(str.isalnum, text))
    ]


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
    """See that the networks can compute as the options say; see `check_onnxruntime`."""
    return check_onnxruntime(onnxruntime, options)


def _require_cuda(*networks: Any) -> None:
    """See that both networks are on the GPU, and keep them there.

    The library goes on with the processor when CUDA fails: with a warning at the start, with a
    line on stdout later. What no kernel of CUDA can do, such as shapes, it does there by design.
    """
    for network in networks:
        session = network.session.session
        if session.get_providers()[0] != "CUDAExecutionProvider":
            raise unavailable(
                "CUDA", "ONNX Runtime cannot use the GPU; the log of the brick says why."
            )
        session.disable_fallback()
