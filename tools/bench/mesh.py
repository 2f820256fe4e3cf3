"""What the mesh costs: a whole job over the same engines called one after another."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.bench.cost import between, mesh_seconds, told
from tools.bench.plain import DEFAULT_MODELS, PlainProcess, plain_process
from tools.bench.recordings import looped
from tools.bench.row import Row, at_most
from tools.bench.warm_mesh import load_models, mesh, run_job

MINUTES = 10.0
_RECORDING = ("transcribe", "diarize", "read_video")
_TEXT = ("translate", "summarize")

Costs = dict[str, tuple[float, float]]
"""CPU-seconds and seconds of each stage."""


def measure(minutes: float = MINUTES) -> Iterator[Row | str]:
    """Yield the mesh's tax, and what of it is not the mesh's."""
    with tempfile.TemporaryDirectory() as folder:
        recording = looped(Path(folder) / "recording.mp4", minutes)
        plain = one_after_another(recording)
        yield f"one after another: {_cost(plain):.1f} CPU-s in {_seconds(plain):.1f} s"
        with mesh() as state:
            load_models(state, DEFAULT_MODELS)
            before = mesh_seconds(state)
            seconds = run_job(state, recording)
            spent = between(before, mesh_seconds(state))
    what = f"{minutes:g} minutes of video with slides; default models, warm, one thread each; once"
    cost = sum(spent.values())
    engines = sum(value for name, value in spent.items() if name.endswith(" engine"))
    yield Row(
        "CPU of the mesh over its engines one after another in one process",
        cost / _cost(plain),
        "ratio",
        at_most(1.10),
        f"{what}. Mesh {cost:.1f} CPU-s ({told(spent)}), "
        f"process {_cost(plain):.1f} ({_told(plain)})",
    )
    yield Row(
        "wall time of the mesh over its engines one after another in one process",
        seconds / _seconds(plain),
        "ratio",
        at_most(0.80),
        f"{what}. Mesh {seconds:.1f} s, process {_seconds(plain):.1f} s",
    )
    yield Row(
        "CPU of the engines of the mesh over one after another in one process",
        engines / _cost(plain),
        "ratio",
        None,
        f"{what}. {engines:.1f} over {_cost(plain):.1f} CPU-s; a process for each engine, side by "
        "side as the pipeline has them: what shared caches and memory cost",
    )
    yield Row(
        "CPU of the mesh beside its engine processes, over all of it",
        (cost - engines) / cost,
        "ratio",
        None,
        f"{what}. {cost - engines:.1f} of {cost:.1f} CPU-s",
    )


def one_after_another(recording: Path) -> Costs:
    """Return the costs of the stages in one process."""
    with plain_process(DEFAULT_MODELS) as process:
        answers = {stage: process.run(stage, recording=str(recording)) for stage in _RECORDING}
        answers["align"] = _align(process, answers)
        for stage in _TEXT:
            answers[stage] = process.run(stage, segments=answers["align"]["made"])
    return _costs(answers)


def _align(process: PlainProcess, answers: Mapping[str, Any]) -> dict[str, Any]:
    segments, turns = answers["transcribe"]["made"], answers["diarize"]["made"]
    return process.run("align", segments=segments, turns=turns)


def _costs(answers: Mapping[str, Any]) -> Costs:
    return {stage: (each["cpu_seconds"], each["seconds"]) for stage, each in answers.items()}


def _cost(costs: Costs) -> float:
    return sum(cpu_seconds for cpu_seconds, _ in costs.values())


def _seconds(costs: Costs) -> float:
    return sum(seconds for _, seconds in costs.values())


def _told(costs: Costs) -> str:
    return told({stage: cpu_seconds for stage, (cpu_seconds, _) in costs.items()})
