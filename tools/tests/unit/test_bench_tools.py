import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from brickwork_asr.scripted_engine import ScriptedAsrEngine
from brickwork_llm.scripted_engine import ScriptedEngine as ScriptedLlm
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.media.frames import read_frames
from brickwork_sdk.media.probe import probe
from brickwork_sdk.testing.recordings import slide, tone, write_recording
from tools.bench import recordings
from tools.bench.cost import between, told, tree_seconds
from tools.bench.peak import peak_bytes, reset_peak
from tools.bench.plain_engines import obey
from tools.bench.start import drop_from_page_cache

MIB = 1024 * 1024


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of four seconds in the place of the demo's, white after two of them."""
    path = tmp_path / "demo.mkv"
    slides = [slide(0)] * 10 + [slide(250)] * 10
    write_recording(path, tone(4.0), slides=slides, frames_per_second=5)
    monkeypatch.setattr(recordings, "RECORDING", path)
    monkeypatch.setattr(recordings, "make_recording", lambda: None)
    return path


def changes_ms(path: Path) -> list[int]:
    frames = [(frame.time_ms, frame.pixels.mean()) for frame in read_frames(path, every_ms=200)]
    return [b for (_, before), (b, after) in pairwise(frames) if abs(after - before) > 100]


def test_a_looped_recording_is_as_long_as_was_asked(demo: Path, tmp_path: Path) -> None:
    path = recordings.looped(tmp_path / "looped.mkv", 0.25)
    assert probe(path).duration_ms == pytest.approx(15_000, abs=300)
    assert changes_ms(path) == pytest.approx([2000, 4000, 6000, 8000, 10000, 12000, 14000], abs=250)


def test_slow_slides_stand_longer_and_the_sound_does_not(demo: Path, tmp_path: Path) -> None:
    path = recordings.looped(tmp_path / "looped.mkv", 0.25, slow_slides=3)
    assert probe(path).duration_ms == pytest.approx(15_000, abs=300)
    assert changes_ms(path) == pytest.approx([6000, 12000], abs=250)


def test_the_cost_of_a_tree_counts_those_that_have_ended() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    before = tree_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert tree_seconds(os.getpid()) - before >= 0.25


def test_what_a_part_cost_is_the_difference_of_two_looks() -> None:
    spent = between({"broker": 1.0}, {"broker": 1.5, "asr engine": 2.0})
    assert spent == {"broker": 0.5, "asr engine": 2.0}
    assert told({**spent, "idle": 0.01}) == "asr engine 2.0, broker 0.5"


def test_a_peak_stays_until_it_is_reset() -> None:
    held = bytearray(os.urandom(64 * MIB))
    high = peak_bytes(os.getpid())
    del held
    assert peak_bytes(os.getpid()) >= high
    reset_peak()
    assert peak_bytes(os.getpid()) <= high - 32 * MIB


def test_the_plain_stages_ask_what_the_pipeline_asks(demo: Path) -> None:
    heard = obey(
        {"asr": ScriptedAsrEngine(Budget())}, {"stage": "transcribe", "recording": str(demo)}
    )
    assert [segment["text"] for segment in heard["made"]] == ["Sentence 0.", "Sentence 1."]
    assert heard["seconds"] > 0
    assert heard["cpu_seconds"] > 0
    turns = [{"start_ms": 0, "end_ms": 4000, "speaker": "A"}]
    order = {"stage": "align", "segments": heard["made"], "turns": turns}
    aligned = obey({}, order)["made"]
    assert [segment["speaker"] for segment in aligned] == ["S1", "S1"]
    drafts = obey({"llm": ScriptedLlm()}, {"stage": "summarize", "segments": aligned})["made"]
    assert drafts[0] == "Sentence 0."


def test_files_that_leave_the_page_cache_are_counted_and_unharmed(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "one").write_bytes(b"x" * 5000)
    assert drop_from_page_cache(tmp_path) == 5000
    assert (tmp_path / "below" / "one").read_bytes() == b"x" * 5000
