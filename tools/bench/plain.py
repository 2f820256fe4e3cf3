"""The benchmarks' end of `plain_engines`."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

DEFAULT_MODELS: Mapping[str, str] = {
    "asr": "whisper-base",
    "diarize": "pyannote-ge2e",
    "ocr": "pp-ocrv6-small",
    "translate": "bergamot-en-pt",
    "llm": "smollm2-135m-instruct",
}
"""What a job in English with a translation into Portuguese and a summary uses."""
FAST_MODEL = "whisper-tiny.en"
"""The other model of the asr brick, which hears English only."""


class PlainProcess:
    """A process with engines in it, and nothing else of Brickwork's."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def begin(self, stage: str, **order: Any) -> None:
        """Order a stage without waiting for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"stage": stage, **order}) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for the stage that was ordered, and return what it made and what it cost."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the plain process ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, stage: str, **order: Any) -> dict[str, Any]:
        """Order a stage and wait for it."""
        self.begin(stage, **order)
        return self.end()


@contextmanager
def plain_process(models: Mapping[str, str]) -> Iterator[PlainProcess]:
    """Start a process, yield it once these models are loaded, and end it.

    Args:
        models: which model of each brick.
    """
    words = [f"{brick}={model}" for brick, model in models.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.plain_engines", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            plain = PlainProcess(process)
            plain.end()
            yield plain
        finally:
            process.kill()
