import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import pytest

TOOL = Path(__file__).resolve().parents[2] / "demo_recording.py"
FRAMES_PER_SECOND = 5


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.mp4"
    subprocess.run([sys.executable, TOOL, path], check=True)
    return path


def test_the_recording_lasts_as_long_as_its_truth_says(recording: Path) -> None:
    truth = json.loads(recording.with_suffix(".truth.json").read_text())
    with av.open(str(recording)) as container:
        stream = container.streams.audio[0]
        heard_seconds = sum(frame.samples for frame in container.decode(stream)) / stream.rate
    assert 60 <= truth["duration_ms"] / 1000 <= 100
    assert heard_seconds == pytest.approx(truth["duration_ms"] / 1000, abs=0.1)


def test_three_speakers_take_turns_that_never_overlap(recording: Path) -> None:
    truth = json.loads(recording.with_suffix(".truth.json").read_text())
    turns = truth["turns"]
    assert {turn["speaker"] for turn in turns} == {"austen", "dickens", "shakespeare"}
    for before, after in pairwise(turns):
        assert before["end_ms"] < after["start_ms"]


def test_every_slide_is_shown_and_one_of_them_fades_in(recording: Path) -> None:
    slides = json.loads(recording.with_suffix(".truth.json").read_text())["slides"]
    with av.open(str(recording)) as container:
        frames = [
            frame.reformat(160, 90, "gray").to_ndarray().astype(int)
            for frame in container.decode(video=0)
        ]
    first = [slide["start_ms"] * FRAMES_PER_SECOND // 1000 for slide in slides]
    assert len(slides) == 5
    assert first[0] == 0
    assert len(frames) == math.ceil(slides[-1]["end_ms"] * FRAMES_PER_SECOND / 1000)
    for before, after in pairwise([frames[index + FRAMES_PER_SECOND] for index in first]):
        assert abs(before - after).mean() > 1
    fading = frames[first[1] : first[1] + FRAMES_PER_SECOND]
    assert all(abs(before - after).mean() > 0.3 for before, after in pairwise(fading))
    assert abs(frames[first[2]] - frames[first[2] + FRAMES_PER_SECOND]).mean() < 0.3
