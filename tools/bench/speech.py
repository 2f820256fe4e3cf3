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
from tools.bench.plain import FAST_MODEL
from tools.bench.row import Bound, Row, at_least, at_most
from tools.quality import ROOT, Clip, committed_clips, joined_clip
from tools.scores import count_errors

READINGS = ROOT / "tests" / "data" / "reading"
_TRIAL_SECONDS = 30
"""How much it takes to find the best number of threads."""
_DEFAULT_SECONDS = 120
"""Of a piece that the default call hears: of all, it takes longer than everybody else together."""
_TRIALS = 3
"""Of each number of threads; the fastest counts, because a single one may be disturbed."""
_MANNERS = {
    "batched": "theirs in int8, all else by default, without times of words",
    "default": "theirs with everything by default, which is float32 here; two minutes of each",
}
Pair = tuple[Heard, Heard]
"""What we heard and what faster-whisper heard."""


def measure() -> Iterator[Row | str]:
    """Yield the rows of speed and of words, every side listening to the same pieces by turns."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        folder = Path(name)
        readings = [Clip(path, "synthetic", "en") for path in sorted(READINGS.glob("*.ogg"))]
        pieces = [*readings, joined_clip(committed_clips(), folder, times=1)]
        batched = best_batched(processes, excerpt(pieces[0].path, folder, _TRIAL_SECONDS))
        yield f"the batched call is fastest with {_threads(batched)}"
        ours = processes.enter_context(listener("ours", _core_count()))
        default = processes.enter_context(listener("default", 0))
        found: dict[str, list[Pair]] = {"batched": [], "default": []}
        for turn, piece in enumerate(pieces):
            found["batched"].append(by_turns(ours, batched, piece.path, turn))
            if turn:  # five times are enough
                begin = excerpt(piece.path, folder, _DEFAULT_SECONDS)
                found["default"].append(by_turns(ours, default, begin, turn))
            yield f"all have heard {piece.path.stem}"
        yield speed_row(batched, at_least(0.95), found["batched"], ours.threads)
        yield speed_row(default, at_least(2.5), found["default"], ours.threads)
        yield from word_rows(pieces, found["batched"])
        fast = processes.enter_context(listener("fast", _core_count()))
        yield fast_row(pieces, [fast.hear(piece.path) for piece in pieces])


def best_batched(processes: ExitStack, path: Path) -> Listener:
    """Return the batched call with the number of threads that is fastest on a recording."""
    counts = sorted({1, _core_count()})
    found = [processes.enter_context(listener("batched", count)) for count in counts]
    return min(found, key=lambda each: min(each.hear(path).seconds for _ in range(_TRIALS)))


def by_turns(ours: Listener, theirs: Listener, path: Path, turn: int) -> Pair:
    """Let both hear a recording; who begins changes, so that a drift favours nobody."""
    if turn % 2:
        other = theirs.hear(path)
        return ours.hear(path), other
    return ours.hear(path), theirs.hear(path)


def speed_row(theirs: Listener, bound: Bound, pairs: Sequence[Pair], threads: int) -> Row:
    """Compare the speed on the same recordings; `threads` are those of ours."""
    ratios = [other.seconds / own.seconds for own, other in pairs]
    own, other = (sum(heard.seconds for heard in side) for side in zip(*pairs, strict=True))
    return Row(
        f"speed of speech to text over faster-whisper's {theirs.way} call",
        median(ratios),
        "ratio",
        bound,
        f"whisper-base; ours in int8 with times of words, threads: {threads}; "
        f"{_MANNERS[theirs.way]}, {_threads(theirs)}; wall time, by turns, median of {len(pairs)} "
        f"recordings ({', '.join(f'{ratio:.2f}' for ratio in ratios)}); all together "
        f"{other:.1f} s of theirs and {own:.1f} s of ours",
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


def fast_row(pieces: Sequence[Clip], heard: Sequence[Heard]) -> Row:
    """Count the words that the fast model gets wrong in the same recordings."""
    wrong = count = 0
    for piece, own in zip(pieces, heard, strict=True):
        errors, words = count_errors(
            piece.path.with_suffix(".txt").read_text("utf-8"), own.text, "en"
        )
        wrong, count = wrong + errors, count + words
    seconds = sum(own.seconds for own in heard)
    return Row(
        f"WER of speech to text with {FAST_MODEL}",
        100 * wrong / count,
        "%",
        None,
        f"{wrong} of the same {count} words, heard in {seconds:.0f} s",
    )


def _core_count() -> int:
    return len(os.sched_getaffinity(0))


def _threads(side: Listener) -> str:
    return f"threads: {side.threads or 'as many as it likes'}"


def excerpt(path: Path, folder: Path, seconds: int) -> Path:
    """Cut the beginning off a recording."""
    sound = next(read_audio(path, block_seconds=seconds))
    return write_recording(folder / f"{path.stem}.flac", sound.samples)
