"""Less memory is a smaller batch and the same words."""

import os
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from brickwork_asr.engine import Progress, Segment, TranscribeRequest, Word
from brickwork_asr.scripted_engine import load
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.models import CatalogueEntry, ModelStore, load_catalogue
from brickwork_sdk.processes import memory_sizes
from brickwork_sdk.testing.recordings import silence, tone, write_recording

ROOT = Path(__file__).parents[4]
CLIPS = ROOT / "tests" / "data" / "recordings"
MODELS = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
LOAD_SECONDS = 120.0
BATCH_BYTES_MIN = 60 * 1024 * 1024
"""What three further windows on threads of their own take at least; it was 200 MB and more."""


@dataclass(frozen=True)
class Heard:
    """What an engine process said, and the most memory that it took."""

    segments: list[tuple[str, list[tuple[str, int, int]]]]
    peak_bytes: int


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five clips of two sentences, whose pause makes them long: one comes first, then a batch."""
    first, second = (_sound(f"austen-{number}") for number in (2, 5))
    parts = [first, silence(16), second, silence(30)] * 5
    return write_recording(tmp_path_factory.mktemp("budget") / "apart.flac", np.concatenate(parts))


@pytest.mark.models
async def test_less_memory_hears_the_same_words_at_the_same_times(recording: Path) -> None:
    entry = _entry()
    assert entry.ceiling_bytes is not None
    full = await _heard(entry, recording, entry.ceiling_bytes)
    small = await _heard(entry, recording, entry.footprint_bytes)
    shrunk = await _heard(entry, recording, entry.ceiling_bytes, then_bytes=entry.footprint_bytes)
    assert len(full.segments) == 10
    assert small.segments == full.segments
    assert shrunk.segments == full.segments
    assert small.peak_bytes < full.peak_bytes - BATCH_BYTES_MIN


@pytest.mark.parametrize(("granted_bytes", "together"), [(100, 1), (150, 2), (200, 4)])
def test_the_scripted_engine_shows_how_much_it_does_at_once(
    tmp_path: Path, granted_bytes: int, together: int
) -> None:
    path = write_recording(tmp_path / "tone.flac", tone(16.0))
    about = {"footprint_bytes": 100, "ceiling_bytes": 200, "budget_bytes": granted_bytes}
    engine = load(tmp_path, {name: str(value) for name, value in about.items()})
    assert _batches(engine.transcribe(TranscribeRequest(path))) == [together] * (8 // together)
    engine.set_budget(100)
    assert _batches(engine.transcribe(TranscribeRequest(path))) == [1] * 8


def _batches(events: Iterator[Segment | Progress]) -> list[int]:
    """Return how many sentences came before each progress."""
    return [len(list(group)) for kind, group in groupby(events, type) if kind is Segment]


async def _heard(
    entry: CatalogueEntry, recording: Path, granted_bytes: int, then_bytes: int | None = None
) -> Heard:
    """Transcribe in a process of its own, with another budget from the first sentence on."""
    options = {
        "threads": "4",
        "budget_bytes": str(granted_bytes),
        "footprint_bytes": str(entry.footprint_bytes),
        "ceiling_bytes": str(entry.ceiling_bytes),
    }
    directory = ModelStore(MODELS).get(entry.name).directory
    process = await EngineProcess.spawn(entry.engine, directory, options)
    segments: list[Segment] = []
    try:
        await process.loaded(LOAD_SECONDS)
        events = process.stream("transcribe", TranscribeRequest(recording), (Segment, Progress))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Segment):
                    segments.append(event)
                    if then_bytes is not None and len(segments) == 1:
                        await process.set_budget(then_bytes)
        peak_bytes = memory_sizes(process.identity.pid)["VmHWM"]
    finally:
        await process.stop()
    return Heard([(one.text, [_place(word) for word in one.words]) for one in segments], peak_bytes)


def _place(word: Word) -> tuple[str, int, int]:
    return word.text, word.start_ms, word.end_ms


def _entry() -> CatalogueEntry:
    [entry] = [each for each in load_catalogue("brickwork_asr") if each.name == "whisper-tiny.en"]
    return entry


def _sound(name: str) -> np.typing.NDArray[np.float32]:
    return np.concatenate([block.samples for block in read_audio(CLIPS / f"{name}.flac")])
