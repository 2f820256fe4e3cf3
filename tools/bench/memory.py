"""Memory that does not grow with the recording: engines, and everything else of the mesh."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bench.engine_memory import LOADS, Cost, Load, all_costs, index_bytes
from tools.bench.mesh_memory import mesh_peaks
from tools.bench.recordings import looped
from tools.bench.row import Row, at_most

SHORT_MINUTES, LONG_MINUTES, MESH_MINUTES = 10.0, 60.0, 180.0
READ_SLOW, UNREAD_SLOW = 6, 30
"""How many times longer than in the demo a slide stands: where it is read, all of them come up in
the short recording; where a scripted engine only looks, there need be few pictures."""
_BOUND = at_most(1.2)
_MIB = 1024 * 1024


def measure(
    short: float = SHORT_MINUTES, long: float = LONG_MINUTES, longest: float = MESH_MINUTES
) -> Iterator[Row | str]:
    """Yield the peaks of engines at an hour, and those of the mesh at three."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as beside:
        folder = Path(name)
        # Neither peaks nor processor time ask for a machine of one's own: side by side, both cores
        # are busy to the end.
        engines = beside.submit(_engine_costs, folder, short, long)
        yield from _mesh(folder, short, longest)
        yield _index(folder, short, longest)
        yield "the mesh is done, the engines are still at work"
        yield from _engine_rows(engines.result(), short, long)


def _recording(folder: Path, minutes: float, suffix: str, slow: int = UNREAD_SLOW) -> Path:
    return looped(folder / f"{minutes:g}{suffix}", minutes, slow_slides=slow)


def _engine_costs(folder: Path, short: float, long: float) -> dict[Load, list[Cost]]:
    own = folder / "engines"
    own.mkdir()
    recordings = [
        (_recording(own, minutes, ".mp4", READ_SLOW), minutes) for minutes in (short, long)
    ]
    asr, diarize, ocr, translate, llm = LOADS
    # Diarize takes as long as all others together.
    return asyncio.run(all_costs(((asr, ocr, translate, llm), (diarize,)), recordings))


def _engine_rows(found: Mapping[Load, Sequence[Cost]], short: float, long: float) -> Iterator[Row]:
    for load in LOADS:
        at_short, at_long = found[load]
        text = "its transcript" if load.brick in ("translate", "llm") else "an MP4"
        yield Row(
            f"peak memory of the {load.brick} engine over {long:g} minutes, over {short:g}",
            at_long.peak_bytes / at_short.peak_bytes,
            "ratio",
            _BOUND,
            f"{load.model}, one thread, {text}; the peak of its process, set back between the two: "
            f"{at_long.peak_bytes / _MIB:.0f} over {at_short.peak_bytes / _MIB:.0f} MiB; once",
        )
    [diarize] = [load for load in LOADS if load.brick == "diarize"]
    at_short, at_long = found[diarize]
    yield _linear(diarize, at_short, at_long, long / short)


def _linear(load: Load, at_short: Cost, at_long: Cost, times: float) -> Row:
    """Judge whether a long recording costs more than as much sound in short ones."""
    return Row(
        f"processor time of the {load.brick} engine over a recording, over {times:g} of a "
        f"{times:g}th of its length",
        at_long.cpu_seconds / (times * at_short.cpu_seconds),
        "ratio",
        at_most(1.3),
        f"{load.model}, one thread, the same run as its memory: {at_long.cpu_seconds:.0f} s over "
        f"{times:g} times {at_short.cpu_seconds:.1f} s; other engines compute meanwhile; once",
    )


def _mesh(folder: Path, short: float, long: float) -> Iterator[Row]:
    recordings = [_recording(folder, minutes, ".mkv") for minutes in (short, long)]
    at_short, at_long = mesh_peaks(recordings)
    for kind, what in (("mesh", "any process of the mesh"), ("media", "any process on media")):
        ratios = {
            process: at_long[kind][process] / at_short[kind][process] for process in at_short[kind]
        }
        told = ", ".join(
            f"{process} {at_long[kind][process] / _MIB:.0f} over "
            f"{at_short[kind][process] / _MIB:.0f}"
            for process in sorted(ratios, key=lambda process: -ratios[process])
        )
        yield Row(
            f"peak memory of {what} over {long:g} minutes, over {short:g}",
            max(ratios.values()),
            "ratio",
            _BOUND,
            f"Matroska with slides, scripted engines, whole jobs; the highest of {len(ratios)}; "
            f"MiB: {told}; once",
        )


def _index(folder: Path, short: float, long: float) -> Row:
    at_short, at_long = (
        asyncio.run(index_bytes(_recording(folder, minutes, ".mp4"), minutes))
        for minutes in (short, long)
    )
    return Row(
        "memory that each hour of an MP4 takes in a process that reads it",
        (at_long - at_short) / _MIB / (long - short) * 60,
        "MiB",
        at_most(20),
        f"libav holds the whole index of an MP4, and that of Matroska only where it seeks: "
        f"{at_long / _MIB:.0f} MiB at {long:g} min, {at_short / _MIB:.0f} at {short:g}; once",
    )
