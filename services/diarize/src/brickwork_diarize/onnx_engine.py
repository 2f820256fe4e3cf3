"""The two networks on ONNX Runtime; the only module that knows it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from brickwork_diarize.engine import DiarizeEvent, DiarizeRequest, EmbedEvent, EmbedRequest
from brickwork_diarize.recording import diarize_blocks
from brickwork_diarize.spans import read_spans
from brickwork_diarize.voice import embed_blocks
from brickwork_diarize.voices import Floats
from brickwork_sdk.cuda import arena_options, unavailable
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.libraries import check_onnxruntime
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe

SEGMENTATION_FILE, VOICE_FILE = "segmentation.onnx", "voice.onnx"

_BLOCK_SECONDS = 15.0
_SPAN_BLOCK_SECONDS = 20.0
"""Four windows, which follow each other here."""
_WINDOW_BATCH, _CROP_BATCH = 8, 32
"""Larger batches are no faster on one thread and hold more memory."""
_CUDA = {
    "use_tf32": "0",  # Rounds to ten bits, and the turns shall be those of the processor.
    "cudnn_conv_algo_search": "HEURISTIC",  # Instead of a trial of each for every shape.
    "arena_extend_strategy": "kSameAsRequested",
}
_NETWORK_COUNT = 2


class OnnxEngine:
    """Hears a recording through the segmentation network and the voice network."""

    def __init__(self, model_dir: Path, threads: int, place: Placement, budget: Budget) -> None:
        cuda = _CUDA | arena_options(budget.granted_bytes, _NETWORK_COUNT)
        wanted = [("CUDAExecutionProvider", cuda)] if place.device == "cuda" else []
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._segmentation = _session(model_dir / SEGMENTATION_FILE, options, wanted)
        self._voice = _session(model_dir / VOICE_FILE, options, wanted)
        self._place = place

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        engine = f"onnxruntime {onnxruntime.__version__}"
        return EngineDescription(engine, self._place.precision, self._place.device_name)

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress, turns and one end; see `DiarizeEngine`."""
        total_ms = probe(request.audio).duration_ms
        blocks = read_audio(request.audio, block_seconds=_BLOCK_SECONDS)
        yield from diarize_blocks(blocks, self, total_ms, request)

    def embed_speaker(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        """Yield progress, then the voice that is heard most; see `DiarizeEngine`."""
        total_ms = probe(request.audio).duration_ms
        blocks = read_spans(request.audio, request.spans, block_seconds=_SPAN_BLOCK_SECONDS)
        yield from embed_blocks(blocks, self, total_ms)

    def segment(self, windows: Floats) -> Floats:
        """Return float32 [n, 293, 3], activity in [0, 1], for float32 [n, 80000]."""
        batches = [
            self._segmentation.run(None, {"samples": np.ascontiguousarray(batch)[:, np.newaxis]})[0]
            for batch in _batches(windows, _WINDOW_BATCH)
        ]
        return np.concatenate(batches)

    def embed(self, crops: Floats) -> Floats:
        """Return float32 [n, 256] of length 1 for mel powers, float32 [n, 160, 40]."""
        batches = [
            self._voice.run(None, {"mel": batch})[0] for batch in _batches(crops, _CROP_BATCH)
        ]
        return np.concatenate(batches)

    def close(self) -> None:
        """Have nothing to let go but memory."""


def load(model_dir: Path, options: Mapping[str, str]) -> OnnxEngine:
    """Load the model.

    Args:
        model_dir: holds `segmentation.onnx` and `voice.onnx`.
        options: `threads`, how many of them the networks use, "1" when absent; `device` and
            `precision`; `budget_bytes`, to which the networks are held on a GPU.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
    """
    threads = int(options.get("threads", "1"))
    return OnnxEngine(model_dir, threads, check(options), Budget.of(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that the networks can compute as the options say; see `check_onnxruntime`."""
    return check_onnxruntime(onnxruntime, options)


def _session(
    path: Path, options: onnxruntime.SessionOptions, wanted: Sequence[tuple[str, dict[str, str]]]
) -> onnxruntime.InferenceSession:
    """Load a network; on a GPU, or not at all where one is asked for.

    The library goes on with the processor when CUDA fails: with a warning at the start, with a
    line on stdout later. What no kernel of CUDA can do, such as shapes, it does there by design.
    """
    providers = [*wanted, ("CPUExecutionProvider", {})]
    refusal = unavailable("CUDA", "ONNX Runtime cannot use the GPU; the log of the brick says why.")
    try:
        session = onnxruntime.InferenceSession(
            path, options, providers=providers, enable_fallback=0
        )
    except RuntimeError as error:  # CUDA's; what is wrong with a file has classes of its own
        raise refusal from error
    if wanted and session.get_providers()[0] != "CUDAExecutionProvider":
        raise refusal
    return session


def _batches(rows: Floats, size: int) -> Iterator[Floats]:
    return (rows[first : first + size] for first in range(0, len(rows), size))
