"""Our asr engine over faster-whisper's own two calls: how fast, and how many words wrong."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.testing.recordings import write_recording
from tools.bench.row import Row, at_least, at_most
from tools.quality import CLIPS, ROOT, Clip, committed_clips, joined_clip
from tools.scores import count_errors

READINGS = ROOT / "tests" / "data" / "reading"
EXCERPT_SECONDS = 60
"""Of each reading, for the package's default call, which takes half as long as the sound."""


@dataclass
class Listener:
    """A way to Whisper in a process of its own."""

    process: "subprocess.Popen[str]"
    way: str
    threads: int

    def hear(self, path: Path) -> "Heard":
        """Return what it hears in a recording and how long that took."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        return Heard(**json.loads(self.answer()))

    def answer(self) -> str:
        """Return the next line that it says.

        Raises:
            RuntimeError: it has ended.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the listener {self.way} ended with {self.process.wait()}")
        return line


@dataclass(frozen=True)
class Heard:
    """The text of a recording, and how many seconds it took."""

    seconds: float
    text: str


@contextmanager
def listener(way: str, threads: int) -> Iterator[Listener]:
    """Start one, yield it once it is warm, and end it."""
    command = [sys.executable, "-m", "tools.bench.listeners", way, str(threads)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            started = Listener(process, way, threads)
            started.answer()
            started.hear(CLIPS / "austen-2.flac")
            yield started
        finally:
            process.kill()


def measure() -> Iterator[Row | str]:
    """Yield the rows of speed and of words, every side listening to the same pieces by turns."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        readings = [Clip(path, "reading", "en") for path in sorted(READINGS.glob("*.ogg"))]
        pieces = [*readings, joined_clip(committed_clips(), Path(name), times=1)]
        theirs = best_batched(processes, pieces[0].path)
        yield f"faster-whisper's batched call is fastest with {theirs.threads} threads"
        ours = processes.enter_context(listener("ours", theirs.threads))
        told, pairs = [], []
        for turn, piece in enumerate(pieces):
            pairs.append(by_turns(ours, theirs, piece.path, turn))
            told.append(f"{piece.path.stem} {pairs[-1][1].seconds / pairs[-1][0].seconds:.2f}")
            yield f"heard {piece.path.stem}"
        yield speed_row("faster-whisper's batched call", 0.95, pairs, told, ours.threads)
        yield from word_rows(pieces, pairs)
        default = processes.enter_context(listener("default", 0))
        excerpts = [excerpt(each.path, Path(name)) for each in readings]
        pairs = [by_turns(ours, default, path, turn) for turn, path in enumerate(excerpts)]
        told = [f"{other.seconds / own.seconds:.2f}" for own, other in pairs]
        yield speed_row("faster-whisper's default call", 2.5, pairs, told, ours.threads)


def best_batched(processes: ExitStack, path: Path) -> Listener:
    """Return the batched call with the number of threads that is fastest on a recording."""
    counts = sorted({1, len(os.sched_getaffinity(0))})
    found = [processes.enter_context(listener("batched", count)) for count in counts]
    return min(found, key=lambda each: each.hear(path).seconds)


def by_turns(ours: Listener, theirs: Listener, path: Path, turn: int) -> tuple[Heard, Heard]:
    """Let both hear a recording; who begins changes, so that a drift favours nobody."""
    if turn % 2:
        other, own = theirs.hear(path), ours.hear(path)
    else:
        own, other = ours.hear(path), theirs.hear(path)
    return own, other


def speed_row(
    over: str, limit: float, pairs: Sequence[tuple[Heard, Heard]], told: Sequence[str], threads: int
) -> Row:
    """Compare the speed on the same recordings."""
    own, other = (sum(heard.seconds for heard in side) for side in zip(*pairs, strict=True))
    return Row(
        f"speed of speech to text over {over}",
        median(theirs.seconds / ours.seconds for ours, theirs in pairs),
        "ratio",
        at_least(limit),
        f"whisper-base, int8, ours on {threads} threads with words in time, theirs with its "
        f"default arguments; wall time, by turns, median of {len(pairs)} recordings "
        f"({', '.join(told)}), all together {other:.1f} over {own:.1f} s",
    )


def word_rows(pieces: Sequence[Clip], pairs: Sequence[tuple[Heard, Heard]]) -> Iterator[Row]:
    """Compare the words that both heard with those that were said."""
    errors = {"ours": 0, "theirs": 0}
    words = 0
    for piece, (own, other) in zip(pieces, pairs, strict=True):
        truth = piece.path.with_suffix(".txt").read_text("utf-8")
        errors["ours"] += count_errors(truth, own.text, "en")[0]
        wrong, count = count_errors(truth, other.text, "en")
        errors["theirs"] += wrong
        words += count
    rates = {side: 100 * wrong / words for side, wrong in errors.items()}
    said = (
        f"{words} words, those of {pieces[-1].path.stem} by human readers and the rest by one "
        "synthetic voice; English, the language not given"
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


def excerpt(path: Path, folder: Path) -> Path:
    """Cut the beginning off a recording."""
    sound = next(read_audio(path, block_seconds=EXCERPT_SECONDS))
    return write_recording(folder / f"{path.stem}.flac", sound.samples)
