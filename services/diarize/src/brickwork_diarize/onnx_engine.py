"""The two networks on ONNX Runtime; the only module that knows it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from brickwork_diarize.engine import DiarizeEvent, DiarizeRequest
from brickwork_diarize.recording import diarize_blocks
from brickwork_diarize.voices import Floats
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe

SEGMENTATION_FILE, VOICE_FILE = "segmentation.onnx", "voice.onnx"

_BLOCK_SECONDS = 15.0
_WINDOW_BATCH, _CROP_BATCH = 8, 32
"""Larger batches are no faster on one thread and hold more memory."""


class OnnxEngine:
    """Hears a recording through the segmentation network and the voice network."""

    def __init__(self, model_dir: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._segmentation = _session(model_dir / SEGMENTATION_FILE, options)
        self._voice = _session(model_dir / VOICE_FILE, options)

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(f"onnxruntime {onnxruntime.__version__}", "float32", "cpu")

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress, turns and one end; see `DiarizeEngine`."""
        total_ms = probe(request.audio).duration_ms
        blocks = read_audio(request.audio, block_seconds=_BLOCK_SECONDS)
        yield from diarize_blocks(blocks, self, total_ms, request.speaker_count)

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
        options: `threads`, how many of them the networks use; "1" when absent.
    """
    return OnnxEngine(model_dir, int(options.get("threads", "1")))


def _session(path: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _batches(rows: Floats, size: int) -> Iterator[Floats]:
    return (rows[first : first + size] for first in range(0, len(rows), size))
