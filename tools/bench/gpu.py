"""Each engine on the GPU beside itself on the processor, and the whole job on the GPU."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from tools.bench.device_run import DeviceRun, run_on
from tools.bench.engine_memory import LOADS, Load
from tools.bench.plain import DEFAULT_MODELS
from tools.bench.recordings import looped
from tools.bench.row import Row, at_most
from tools.bench.warm_mesh import mesh, run_job
from tools.demo import RECORDING

TIMES = 5
FREE_SECONDS = 10.0
"""What the broker promises for the memory of a killed process."""
GPU_LOADS = [
    replace(load, model=DEFAULT_MODELS[load.brick]) for load in LOADS if load.brick != "translate"
]


def measure(minutes: float = 2.0) -> Iterator[Row | str]:
    """Yield the rows of each engine, then those of the job."""
    with tempfile.TemporaryDirectory() as name:
        recording = looped(Path(name) / "recording.mp4", minutes)
        for load in GPU_LOADS:
            yield f"{load.brick} on the processor, then on the GPU"
            on_cpu = asyncio.run(run_on(load, {"device": "cpu"}, recording, minutes))
            on_gpu = asyncio.run(run_on(load, {"device": "cuda"}, recording, minutes, TIMES))
            yield from _engine_rows(load, on_cpu, on_gpu, minutes)
    yield "the demo's job on the GPU"
    yield from _job_rows()


def _engine_rows(load: Load, on_cpu: DeviceRun, on_gpu: DeviceRun, minutes: float) -> Iterator[Row]:
    """Yield what one engine costs on both devices, in one run, and what it takes of the GPU."""
    recorded_seconds = minutes * 60
    for run in (on_cpu, on_gpu):
        place, precision = run.description.device, run.description.precision
        yield Row(
            f"{load.brick} on {place}: seconds of work for a second of recording",
            median(run.seconds) / recorded_seconds,
            "s/s",
            None,
            f"{load.model}, {precision}, one thread, {minutes:g} min; median of "
            f"{len(run.seconds)}, the first one {run.seconds[0]:.2f} s",
        )
        yield Row(
            f"{load.brick} on {place}: start of the process to a loaded model",
            run.load_seconds,
            "s",
            None,
            f"{load.model}, {precision}; files in the page cache or not, as it comes; once",
        )
    yield Row(
        f"{load.brick}: speed on the GPU over that on the processor",
        median(on_cpu.seconds) / median(on_gpu.seconds),
        "ratio",
        None,
        f"{median(on_cpu.seconds):.2f} over {median(on_gpu.seconds):.2f} s, the same recording, "
        "one thread on both",
    )
    yield Row(
        f"{load.brick}: most memory of the GPU over what its token grants",
        on_gpu.peak_bytes / on_gpu.granted_bytes,
        "ratio",
        at_most(1.0),
        f"{on_gpu.peak_bytes / 1024**2:,.0f} over {on_gpu.granted_bytes / 1024**2:,.0f} MiB, "
        "NVML every 20 ms, context and libraries included",
    )
    yield Row(
        f"{load.brick}: kill of the process to its memory of the GPU given back",
        on_gpu.free_seconds,
        "s",
        at_most(FREE_SECONDS),
        "NVML, to within 64 MiB of what was used before; once",
    )


def _job_rows() -> Iterator[Row]:
    with mesh(device="cuda") as state:
        for name in ("models loaded by it", "models loaded before"):
            seconds = run_job(state, RECORDING)
            yield Row(
                f"the demo's job on the GPU, {name}",
                seconds,
                "s",
                None,
                "95 s of recording with translation and summary; translate on the processor",
            )
