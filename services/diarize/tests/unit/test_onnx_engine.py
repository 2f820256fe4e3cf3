"""The real networks, against the values of the programs that they come from."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from brickwork_diarize.engine import DiarizeRequest, RecordingEnd, Turn
from brickwork_diarize.onnx_engine import OnnxEngine, check, load
from brickwork_sdk.engine import libraries
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import NotPossible
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.testing.recordings import silence, write_recording

DATA = Path(__file__).parents[1] / "data"
CLIPS = Path(__file__).resolve().parents[4] / "tests" / "data" / "recordings"

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def engine(model_dir: Path) -> OnnxEngine:
    return load(model_dir, {"threads": "1"})


def test_activity_is_that_of_the_segmentation_network_in_torch(engine: OnnxEngine) -> None:
    reference = np.load(DATA / "segmentation-reference.npz")
    windows = reference["wav_int16"][:, 0].astype(np.float32) / 32767
    np.testing.assert_allclose(engine.segment(windows), reference["prob"], rtol=0, atol=1e-4)


def test_voices_are_those_of_the_voice_network_in_torch(engine: OnnxEngine) -> None:
    reference = np.load(DATA / "voice-embedding-reference.npz")
    voices = engine.embed(reference["mel"])
    np.testing.assert_allclose(voices, reference["embedding"], rtol=0, atol=1e-5)


def test_three_readers_who_take_turns_are_three_speakers(
    engine: OnnxEngine, tmp_path: Path
) -> None:
    parts, known, start_ms = [], [], 0
    for clip, begin_ms, end_ms in (
        ("dickens", 900, 9_000),
        ("austen-1", 0, 7_000),
        ("shakespeare", 2_000, 11_000),
        ("dickens", 14_000, 20_000),
    ):
        samples = np.concatenate([block.samples for block in read_audio(CLIPS / f"{clip}.flac")])
        part = samples[begin_ms * 16 : end_ms * 16]
        parts += [part * 0.06 / np.sqrt(np.mean(part**2)), silence(0.5)]
        known.append((start_ms, start_ms + end_ms - begin_ms))
        start_ms = known[-1][1] + 500
    path = write_recording(tmp_path / "readers.wav", np.concatenate(parts))

    *events, end = engine.diarize(DiarizeRequest(path))
    assert end == RecordingEnd(3, start_ms)
    turns = [event for event in events if isinstance(event, Turn)]
    loudest = []
    for begin_ms, end_ms in known:
        heard_ms = {"S1": 0, "S2": 0, "S3": 0}
        for turn in turns:
            within = min(turn.end_ms, end_ms) - max(turn.start_ms, begin_ms)
            heard_ms[turn.speaker] += max(0, within)
        loudest.append(max(heard_ms, key=heard_ms.__getitem__))
        assert heard_ms[loudest[-1]] > 0.7 * (end_ms - begin_ms)
    assert loudest == ["S1", "S2", "S3", "S1"]


def test_silence_has_no_turns(engine: OnnxEngine, tmp_path: Path) -> None:
    path = write_recording(tmp_path / "silence.wav", silence(7))
    events = list(engine.diarize(DiarizeRequest(path)))
    assert not any(isinstance(event, Turn) for event in events)
    assert events[-1] == RecordingEnd(0, 7_000)


without_cuda = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(),
    reason="the ONNX Runtime that is installed knows CUDA",
)


@without_cuda
def test_a_runtime_that_knows_no_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "open_gpu", lambda libraries: None)
    with pytest.raises(NotPossible) as caught:
        check({"device": "cuda"})
    assert caught.value.metadata == {"device": "cuda", "missing": "onnxruntime-gpu"}


@without_cuda
def test_a_network_that_the_library_would_quietly_run_on_the_processor_is_refused(
    model_dir: Path,
) -> None:
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(NotPossible, match="cannot use the GPU"),
    ):
        OnnxEngine(model_dir, 1, Placement("cuda", "float32"), Budget())
