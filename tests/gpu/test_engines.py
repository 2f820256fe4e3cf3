"""Each engine on a GPU says what it says on the processor, and gives its memory back.

Both compute in float32 without shortcuts, so that only the order of sums differs. What that may
change is stated beside each comparison; a wrong kernel changes far more.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from brickwork_asr.engine import Segment
from brickwork_diarize.engine import RecordingEnd, Turn
from brickwork_llm.engine import TextDelta
from brickwork_ocr.engine import TimedText
from brickwork_sdk.engine import EngineDescription
from tools.bench.device_run import FREE_SECONDS_MAX, DeviceRun, run_on
from tools.bench.diarization_error import Talk, score
from tools.bench.gpu import FREE_SECONDS, GPU_LOADS
from tools.bench.recordings import looped
from tools.scores import character_f_score, count_errors

pytestmark = [pytest.mark.gpu, pytest.mark.models]

MINUTES = 1.0
LOADS = {load.brick: load for load in GPU_LOADS}
Runs = dict[str, DeviceRun]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return looped(tmp_path_factory.mktemp("recording") / "recording.mp4", MINUTES)


def on_both(brick: str, recording: Path) -> tuple[DeviceRun, DeviceRun]:
    """Run an engine on the processor and on the GPU, and see to the memory of the latter."""
    on_cpu, on_gpu = (
        asyncio.run(
            run_on(LOADS[brick], {"device": device, "precision": "float32"}, recording, MINUTES)
        )
        for device in ("cpu", "cuda")
    )
    assert on_cpu.description.device == "cpu"
    assert on_gpu.description == EngineDescription(on_cpu.description.engine, "float32", "cuda:0")
    assert 0 < on_gpu.peak_bytes <= on_gpu.granted_bytes
    assert on_gpu.free_seconds <= FREE_SECONDS < FREE_SECONDS_MAX
    return on_cpu, on_gpu


def of_kind(run: DeviceRun, kind: type) -> list[Any]:
    return [event for event in run.results if isinstance(event, kind)]


def test_speech_is_heard_alike_but_for_two_words_of_a_hundred(recording: Path) -> None:
    said = [
        " ".join(segment.text for segment in of_kind(run, Segment))
        for run in on_both("asr", recording)
    ]
    errors, words = count_errors(said[0], said[1], "en")
    assert words > 100
    assert errors / words <= 0.02


def test_speakers_are_told_apart_alike_but_for_a_hundredth_of_the_time(recording: Path) -> None:
    on_cpu, on_gpu = on_both("diarize", recording)
    talks = [
        [Talk(turn.start_ms, turn.end_ms, turn.speaker) for turn in of_kind(run, Turn)]
        for run in (on_cpu, on_gpu)
    ]
    assert of_kind(on_cpu, RecordingEnd) == of_kind(on_gpu, RecordingEnd)
    assert score(talks[0], talks[1], round(MINUTES * 60_000)).rate <= 0.01


def test_slides_are_read_alike_but_for_a_character_of_a_hundred(recording: Path) -> None:
    read = [[shown.text for shown in of_kind(run, TimedText)] for run in on_both("ocr", recording)]
    assert len(read[0]) == len(read[1]) > 0
    assert character_f_score(read[0], read[1]) >= 99


def test_a_summary_is_written_alike_but_for_where_two_words_are_as_likely(recording: Path) -> None:
    written = [
        "".join(delta.text for delta in of_kind(run, TextDelta))
        for run in on_both("llm", recording)
    ]
    assert len(written[0]) > 50
    assert character_f_score([written[0]], [written[1]]) >= 80


@pytest.mark.parametrize(("brick", "precision"), [("asr", "float16"), ("llm", "float16")])
def test_an_engine_of_ctranslate2_computes_in_float16_unless_told_otherwise(
    recording: Path, brick: str, precision: str
) -> None:
    run = asyncio.run(run_on(LOADS[brick], {"device": "cuda"}, recording, MINUTES))
    assert run.description.precision == precision
    assert run.results
    assert 0 < run.peak_bytes <= run.granted_bytes
