"""What a second replica of a brick brings on this machine."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from brickwork.common.v1 import common_pb2
from brickwork_cli.mesh_state import MeshState
from tools.bench.brick_calls import stored, transcribe
from tools.bench.plain import DEFAULT_MODELS
from tools.bench.recordings import looped
from tools.bench.row import Row
from tools.bench.warm_mesh import load_models, mesh

TURNS = 5
_ONE, _TWO = ("asr-1", "asr-1"), ("asr-1", "asr-2")


def measure(minutes: float = 0.5) -> Iterator[Row | str]:
    """Yield how much more two replicas do than one when two ask at once."""
    model = DEFAULT_MODELS["asr"]
    with tempfile.TemporaryDirectory() as folder, mesh(scale="asr=2") as state:
        load_models(state, dict.fromkeys(_TWO, model))
        media = stored(state, looped(Path(folder) / "recording.mp4", minutes))
        _seconds(state, _TWO, media)  # warms both
        turns = [(_seconds(state, _ONE, media), _seconds(state, _TWO, media)) for _ in range(TURNS)]
    one, two = (median(side) for side in zip(*turns, strict=True))
    yield Row(
        "two transcriptions at once: throughput of two asr replicas over one",
        one / two,
        "ratio",
        None,
        f"{model}, {minutes:g} min each, warm, one thread for each replica, by turns, medians of "
        f"{TURNS}: {one:.1f} s over one replica, {two:.1f} s over two",
    )


def _seconds(state: MeshState, replicas: Sequence[str], media: common_pb2.Media) -> float:
    """Return how long it takes until a call of each of these replicas has ended."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(replicas)) as pool:
        for heard in pool.map(lambda replica: transcribe(state, media, replica), replicas):
            assert heard.texts, "nobody was heard"
    return time.monotonic() - began
