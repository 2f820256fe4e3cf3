"""An engine's own process at work on one device, with the memory of the GPU seen by NVML meanwhile.

What a GPU's memory is used by is read of the device as a whole: a sandbox may hide processes, so
nobody else may use the GPU at the same time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynvml

from brickwork_sdk.engine import EngineDescription, EngineProcess
from brickwork_sdk.models import ModelStore, load_catalogue
from tools.bench.engine_memory import LOAD_SECONDS_MAX, Load
from tools.bench.plain_engines import MODELS

FREE_BYTES = 64 * 1024 * 1024
"""Memory counts as given back once no more than this is used beyond what was before."""
FREE_SECONDS_MAX = 30.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class DeviceRun:
    """What became of one engine.

    Attributes:
        description: how the model ran.
        load_seconds: from the start of the process to a loaded model.
        seconds: each time that the work was done, the first with whatever is made only once.
        results: what the last time yielded, without the signs of progress.
        granted_bytes: what the brick would ask of the broker.
        peak_bytes: most of the GPU that was used beyond what was before; 0 on the processor.
        free_seconds: from the kill of the process until that was given back.
    """

    description: EngineDescription
    load_seconds: float
    seconds: list[float]
    results: list[Any]
    granted_bytes: int
    peak_bytes: int
    free_seconds: float


async def run_on(
    load: Load, options: Mapping[str, str], recording: Path, minutes: float, times: int = 1
) -> DeviceRun:
    """Load an engine, let it work through a recording, and kill it.

    Args:
        load: which engine, and what is asked of it.
        options: `device` and `precision`.
        recording: what it works through.
        minutes: its length.
        times: how often.
    """
    [entry] = [
        each for each in load_catalogue(f"brickwork_{load.brick}") if each.name == load.model
    ]
    on_gpu = options.get("device") == "cuda"
    granted_bytes = (entry.gpu_footprint_bytes or 0) if on_gpu else entry.footprint_bytes
    directory = ModelStore(MODELS).get(load.model).directory
    about = {"threads": "1", **options}
    if on_gpu:
        about["budget_bytes"] = str(granted_bytes)
    async with _watched(on_gpu) as memory:
        began = time.monotonic()
        process = await EngineProcess.spawn(entry.engine, directory, about)
        try:
            description = await process.loaded(LOAD_SECONDS_MAX)
            load_seconds = time.monotonic() - began
            seconds: list[float] = []
            results: list[Any] = []
            for _ in range(times):
                began = time.monotonic()
                results = []
                for request in load.requests(recording, minutes):
                    async for event in process.stream(load.method, request, load.events):
                        results.append(event)
                seconds.append(time.monotonic() - began)
        finally:
            began = time.monotonic()
            await process.kill()
        while (  # noqa: ASYNC110 - the driver tells nobody
            not memory.is_free() and time.monotonic() - began < FREE_SECONDS_MAX
        ):
            await asyncio.sleep(_LOOK_SECONDS)
        free_seconds = time.monotonic() - began
    return DeviceRun(
        description,
        load_seconds,
        seconds,
        [event for event in results if type(event).__name__ not in ("Progress", "Pending")],
        granted_bytes,
        memory.peak_bytes,
        free_seconds,
    )


class GpuMemory:
    """The memory of the first GPU beyond what was used at the beginning, in bytes."""

    def __init__(self) -> None:
        self._handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        self._before_bytes = self._used()
        self.peak_bytes = 0

    def look(self) -> None:
        """Keep the highest."""
        self.peak_bytes = max(self.peak_bytes, self._used() - self._before_bytes)

    def is_free(self) -> bool:
        """Tell whether it was given back."""
        return self._used() - self._before_bytes <= FREE_BYTES

    def _used(self) -> int:
        return int(pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)


class NoGpuMemory:
    """Stands for it where an engine runs on the processor."""

    peak_bytes = 0

    def is_free(self) -> bool:
        """Say that nothing was taken."""
        return True


@asynccontextmanager
async def _watched(on_gpu: bool) -> AsyncIterator[GpuMemory | NoGpuMemory]:
    """Look at the GPU's memory every 20 ms while the context lasts."""
    if not on_gpu:
        yield NoGpuMemory()
        return
    pynvml.nvmlInit()
    memory = GpuMemory()

    async def watch() -> None:
        while True:
            memory.look()
            await asyncio.sleep(_LOOK_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        pynvml.nvmlShutdown()
