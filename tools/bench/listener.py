"""The benchmarks' end of `listeners`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.quality import CLIPS


@dataclass(frozen=True)
class Heard:
    """The text of a recording, and how many seconds it took."""

    seconds: float
    text: str


@dataclass
class Listener:
    """A way to Whisper in a process of its own."""

    process: "subprocess.Popen[str]"
    way: str
    threads: int

    def hear(self, path: Path) -> Heard:
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
