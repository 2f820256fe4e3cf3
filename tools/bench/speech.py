"""Our asr engine over faster-whisper's own two calls: how fast, and how many words wrong."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.testing.recordings import write_recording
from tools.bench.listener import Heard, Listener, listener
from tools.bench.row import Bound, Row, at_least, at_most
from tools.quality import ROOT, Clip, committed_clips, joined_clip
from tools.scores import count_errors

READINGS = ROOT / "tests" / "data" / "reading"
EXCERPT_SECONDS = 60
"""Of each reading, for the package's default call, which takes half as long as the sound."""
Pair = tuple[Heard, Heard]
"""What we heard and what faster-whisper heard."""


def measure() -> Iterator[Row | str]:
    """Yield the rows of speed and of words, every side listening to the same pieces by turns."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        readings = [Clip(path, "synthetic", "en") for path in sorted(READINGS.glob("*.ogg"))]
        excerpts = [excerpt(each.path, Path(name)) for each in readings]
        pieces = [*readings, joined_clip(committed_clips(), Path(name), times=1)]
        theirs = best_batched(processes, excerpts[0])
        yield f"the batched call is fastest with {_threads(theirs)}"
        ours = processes.enter_context(listener("ours", theirs.threads))
        pairs = []
        for turn, piece in enumerate(pieces):
            pairs.append(by_turns(ours, theirs, piece.path, turn))
            yield f"both have heard {piece.path.stem}"
        yield speed_row("batched", at_least(0.95), pairs, (ours, theirs))
        yield from word_rows(pieces, pairs)
        default = processes.enter_context(listener("default", 0))
        pairs = [by_turns(ours, default, path, turn) for turn, path in enumerate(excerpts)]
        yield speed_row("default", at_least(2.5), pairs, (ours, default))


def best_batched(processes: ExitStack, path: Path) -> Listener:
    """Return the batched call with the number of threads that is fastest on a recording."""
    counts = sorted({1, len(os.sched_getaffinity(0))})
    found = [processes.enter_context(listener("batched", count)) for count in counts]
    return min(found, key=lambda each: each.hear(path).seconds)


def by_turns(ours: Listener, theirs: Listener, path: Path, turn: int) -> Pair:
    """Let both hear a recording; who begins changes, so that a drift favours nobody."""
    if turn % 2:
        other, own = theirs.hear(path), ours.hear(path)
    else:
        own, other = ours.hear(path), theirs.hear(path)
    return own, other


def speed_row(call: str, bound: Bound, pairs: Sequence[Pair], sides: tuple[Listener, ...]) -> Row:
    """Compare the speed on the same recordings."""
    ratios = [theirs.seconds / ours.seconds for ours, theirs in pairs]
    own, other = (sum(heard.seconds for heard in side) for side in zip(*pairs, strict=True))
    threads = " and ".join(_threads(side) for side in sides)
    return Row(
        f"speed of speech to text over faster-whisper's {call} call",
        median(ratios),
        "ratio",
        bound,
        f"whisper-base, int8, {threads}; ours with times of words, theirs with its default "
        f"arguments; wall time, by turns, median of {len(pairs)} recordings "
        f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}); all together {other:.1f} s of theirs "
        f"and {own:.1f} s of ours",
    )


def word_rows(pieces: Sequence[Clip], pairs: Sequence[Pair]) -> Iterator[Row]:
    """Compare the words that both heard with those that were said."""
    errors: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for piece, (own, other) in zip(pieces, pairs, strict=True):
        truth = piece.path.with_suffix(".txt").read_text("utf-8")
        errors["ours"] += count_errors(truth, own.text, "en")[0]
        wrong, count = count_errors(truth, other.text, "en")
        errors["theirs"] += wrong
        words["synthetic" if piece.group == "synthetic" else "human"] += count
    rates = {side: 100 * wrong / words.total() for side, wrong in errors.items()}
    said = (
        f"{words.total()} words, {words['human']} of them by human readers and "
        f"{words['synthetic']} by one synthetic voice; English, the language not given"
    )
    yield Row("WER of speech to text", rates["ours"], "%", None, f"{errors['ours']} of {said}")
    yield Row(
        "WER of faster-whisper's batched call",
        rates["theirs"],
        "%",
        None,
        f"{errors['theirs']} of {said}",
    )
    yield Row(
        "WER of speech to text less that of faster-whisper's batched call",
        rates["ours"] - rates["theirs"],
        "points",
        at_most(0.5),
        f"{rates['ours']:.2f} less {rates['theirs']:.2f} % over {said}",
    )


def _threads(side: Listener) -> str:
    if side.threads == 0:
        return "theirs on as many threads as it likes"
    return f"{'ours' if side.way == 'ours' else 'theirs'} on {side.threads} thread(s)"


def excerpt(path: Path, folder: Path) -> Path:
    """Cut the beginning off a recording."""
    sound = next(read_audio(path, block_seconds=EXCERPT_SECONDS))
    return write_recording(folder / f"{path.stem}.flac", sound.samples)
