"""Tiny models of NeMo, made once, and what runs one in its engine process."""

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brickwork_asr import engine as asr
from brickwork_diarize import engine as diarize
from brickwork_sdk.engine import EngineDescription, EngineProcess
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.testing.recordings import silence, write_recording

CLIPS = Path(__file__).resolve().parents[1] / "data" / "recordings"
ROOT = Path(__file__).resolve().parents[2]
EVENTS: dict[str, tuple[type[Any], ...]] = {
    "brickwork_asr": (asr.Segment, asr.Progress, asr.Hypothesis),
    "brickwork_diarize": (diarize.Turn, diarize.Progress, diarize.RecordingEnd),
}
LOAD_SECONDS, SECONDS_MAX = 900.0, 1800.0
"""NeMo takes half a minute to import on a core of its own, and minutes where many share it."""


@dataclass(frozen=True)
class Ran:
    """How an engine described itself, and what it said."""

    description: EngineDescription
    events: list[Any]

    def of(self, kind: type) -> list[Any]:
        """Return what it said of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class Engines:
    """Loads each model once, because NeMo takes long to import."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._processes: dict[tuple[object, ...], EngineProcess] = {}

    def run(
        self, engine: str, model_dir: Path, method: str, request: object, /, **options: str
    ) -> Ran:
        """Make one call; raises as the engine does, also while it loads."""
        return self._runner.run(self._run(engine, model_dir, method, request, options))

    def set_budget(
        self, engine: str, model_dir: Path, budget_bytes: int, /, **options: str
    ) -> None:
        """Let a loaded model use more or less."""
        process = self._processes[engine, model_dir, *sorted(options.items())]
        self._runner.run(process.set_budget(budget_bytes))

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            self._runner.run(process.stop())

    async def _run(
        self, engine: str, model_dir: Path, method: str, request: object, options: dict[str, str]
    ) -> Ran:
        key = (engine, model_dir, *sorted(options.items()))
        process = self._processes.get(key)
        if process is None:
            process = await EngineProcess.spawn(engine, model_dir, options)
            try:
                await process.loaded(LOAD_SECONDS)
            except BrickworkError:
                await process.stop()
                raise
            self._processes[key] = process
        kinds = EVENTS[engine.partition(".")[0]]
        async with aclosing(process.stream(method, request, kinds)) as events:
            return Ran(process.description, [event async for event in events])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked `nemo` where it is not installed."""
    if importlib.util.find_spec("nemo") is None:
        reason = "NeMo is not installed; `make test-nemo` does that"
        for item in items:
            if item.get_closest_marker("nemo"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sentences apart from each other: one clip, and a batch of three."""
    sentences = [
        np.concatenate([block.samples for block in read_audio(CLIPS / f"austen-{number}.flac")])
        for number in (2, 1, 3, 5)
    ]
    parts = [part for each in sentences for part in (each, silence(28))]
    return write_recording(tmp_path_factory.mktemp("sound") / "apart.flac", np.concatenate(parts))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Path:
    """A folder for each tiny model, with what NeMo's own call heard in the recording."""
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "-m", "tests.nemo.tiny_models", str(folder), str(recording)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def engines() -> Iterator["Engines"]:
    """Return what loads a model in its engine process and calls it."""
    with asyncio.Runner() as runner:
        loaded = Engines(runner)
        yield loaded
        loaded.stop()
