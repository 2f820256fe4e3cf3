"""Memory that does not grow with the recording: engines, and everything else of the mesh."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.bench.engine_memory import LOADS, all_peaks
from tools.bench.mesh_memory import mesh_peaks
from tools.bench.recordings import looped
from tools.bench.row import Row, at_most

SHORT_MINUTES, LONG_MINUTES, MESH_MINUTES = 10.0, 60.0, 180.0
SLOW_SLIDES = 6
_BOUND = at_most(1.2)
_MIB = 1024 * 1024


def measure(
    short: float = SHORT_MINUTES, long: float = LONG_MINUTES, longest: float = MESH_MINUTES
) -> Iterator[Row | str]:
    """Yield the peaks of engines at an hour, and those of the mesh at three."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lengths = {
            minutes: looped(folder / f"{minutes:g}.mp4", minutes, slow_slides=SLOW_SLIDES)
            for minutes in (short, long, longest)
        }
        yield from _engines(lengths, short, long)
        yield f"the mesh with scripted engines on {longest:g} minutes"
        yield from _mesh(lengths, short, longest)


def _engines(lengths: dict[float, Path], short: float, long: float) -> Iterator[Row]:
    recordings = [(lengths[minutes], minutes) for minutes in (short, long)]
    asr, diarize, ocr, translate, llm = LOADS
    lanes = ((asr, translate, llm), (diarize, ocr))
    found = asyncio.run(all_peaks(lanes, recordings))
    for load in LOADS:
        at_short, at_long = found[load]
        text = "on a transcript of it" if load.brick in ("translate", "llm") else "all of it"
        yield Row(
            f"peak memory of the {load.brick} engine over {long:g} minutes, over {short:g}",
            at_long / at_short,
            "ratio",
            _BOUND,
            f"{load.model}, one thread, {text}, in one process; its peak, set back between the "
            f"two: {at_long / _MIB:.0f} over {at_short / _MIB:.0f} MiB; once",
        )


def _mesh(lengths: dict[float, Path], short: float, long: float) -> Iterator[Row]:
    at_short, at_long = mesh_peaks([lengths[short], lengths[long]])
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
            f"scripted engines, whole jobs; the highest of {len(ratios)}; MiB: {told}; once",
        )
