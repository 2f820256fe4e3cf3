"""What a stream over a brick costs, and how soon its first result comes."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from brickwork_cli.mesh_state import MeshState
from tools.bench import brick_calls
from tools.bench.engine_memory import transcript
from tools.bench.over_engine import compare
from tools.bench.plain import DEFAULT_MODELS, PlainProcess, plain_process
from tools.bench.recordings import looped
from tools.bench.row import Bound, Row, at_most
from tools.bench.warm_mesh import load_models, mesh

_MODELS = {brick: DEFAULT_MODELS[brick] for brick in ("asr", "translate")}


def measure(long: float = 10.0, short: float = 0.5) -> Iterator[Row | str]:
    """Yield the share of the first segment, and what streamed calls cost over their engines."""
    with (
        tempfile.TemporaryDirectory() as name,
        mesh() as state,
        plain_process(_MODELS) as plain,
    ):
        load_models(state, _MODELS)
        yield from _first_segment(state, Path(name), long)
        recording = looped(Path(name) / "short.mp4", short)
        media = brick_calls.stored(state, recording)
        yield _over_engine(
            f"a streamed asr call of {short:g} min over the engine's own generator",
            lambda: brick_calls.transcribe(state, media).seconds,
            lambda: _seconds(plain, "transcribe", recording=str(recording)),
            at_most(1.05),
        )
        said = transcript(long)
        texts = [segment["text"] for segment in said]
        yield _over_engine(
            f"a streamed translate call of {len(texts)} texts over the engine's own generator",
            lambda: brick_calls.translate(state, texts).seconds,
            lambda: _seconds(plain, "translate", segments=said),
            None,
        )


def _first_segment(state: MeshState, folder: Path, minutes: float) -> Iterator[Row]:
    recording = looped(folder / "long.mp4", minutes)
    heard = brick_calls.transcribe(state, brick_calls.stored(state, recording))
    yield Row(
        f"time to the first segment of {minutes:g} min over time to the last",
        heard.first_seconds / heard.seconds,
        "ratio",
        at_most(0.10),
        f"{_MODELS['asr']} over its brick, warm, one thread: {heard.first_seconds:.2f} over "
        f"{heard.seconds:.1f} s, {len(heard.texts)} segments; once",
    )


def _over_engine(
    name: str, over_brick: Callable[[], float], engine: Callable[[], float], bound: Bound | None
) -> Row:
    compared = compare(over_brick, engine)
    return Row(name, compared.ratio, "ratio", bound, compared.told)


def _seconds(plain: PlainProcess, stage: str, **order: object) -> float:
    return float(plain.run(stage, **order)["seconds"])
