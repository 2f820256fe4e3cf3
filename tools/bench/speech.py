"""Our asr engine over faster-whisper's own two calls: how fast, and how many words wrong."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.testing.recordings import write_recording
from tools.bench.listener import Heard, Listener, listener
from tools.bench.machine import core_count
from tools.bench.plain import FAST_MODEL
from tools.bench.row import Bound, Row, at_least, at_most
from tools.quality import ROOT, Clip, committed_clips, joined_clip
from tools.scores import count_errors

READINGS = ROOT / "tests" / "data" / "reading"
_TRIAL_SECONDS = 30
"""How much it takes to find the best number of threads."""
_TRIALS = 3
"""Of each number of threads; the fastest counts, because a single one may be disturbed."""
_MANNERS = {
    "batched": "theirs in int8, all else by default, without times of words",
    "default": "theirs with everything by default, which is float32 here",
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
        ours = processes.enter_context(listener("ours", core_count()))
        default = processes.enter_context(listener("default", 0))
        heard = []
        for turn, piece in enumerate(pieces):
            # Five times are enough for the default call, which takes as long as both others.
            sides = [ours, batched, default] if turn else [ours, batched]
            heard.append(by_turns(sides, piece.path, turn))
            yield f"all have heard {piece.path.stem}"
        yield speed_row(ours, batched, at_least(0.95), heard)
        yield speed_row(ours, default, at_least(2.5), heard[1:])
        yield from word_rows(pieces, [(each["ours"], each["batched"]) for each in heard])
        fast = processes.enter_context(listener("fast", core_count()))
        yield fast_row(pieces, [fast.hear(piece.path) for piece in pieces])


def best_batched(processes: ExitStack, path: Path) -> Listener:
    """Return the batched call with the number of threads that is fastest on a recording."""
    counts = sorted({1, core_count()})
    found = [processes.enter_context(listener("batched", count)) for count in counts]
    return min(found, key=lambda each: min(each.hear(path).seconds for _ in range(_TRIALS)))


def by_turns(sides: Sequence[Listener], path: Path, turn: int) -> dict[str, Heard]:
    """Let each side hear a recording; who begins changes, so that a drift favours nobody."""
    first = turn % len(sides)
    return {side.way: side.hear(path) for side in (*sides[first:], *sides[:first])}


def speed_row(
    ours: Listener, theirs: Listener, bound: Bound, heard: Sequence[Mapping[str, Heard]]
) -> Row:
    """Compare the speed on the same recordings."""
    ratios = [each[theirs.way].seconds / each[ours.way].seconds for each in heard]
    own, other = (sum(each[side.way].seconds for each in heard) for side in (ours, theirs))
    return Row(
        f"speed of speech to text over faster-whisper's {theirs.way} call",
        median(ratios),
        "ratio",
        bound,
        f"whisper-base; ours in int8 with times of words, threads: {ours.threads}; "
        f"{_MANNERS[theirs.way]}, {_threads(theirs)}; wall time, by turns, median of {len(heard)} "
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


def _threads(side: Listener) -> str:
    return f"threads: {side.threads or 'as many as it likes'}"


def excerpt(path: Path, folder: Path, seconds: int) -> Path:
    """Cut the beginning off a recording."""
    sound = next(read_audio(path, block_seconds=seconds))
    return write_recording(folder / f"{path.stem}.flac", sound.samples)
