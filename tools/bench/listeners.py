"""One of four ways to Whisper, in a process of its own: ours on two models, and theirs.

Run as `python -m tools.bench.listeners WAY THREADS`. It loads its model, says so with an empty
line, and then answers each path on a line of standard input with a line of JSON: seconds on the
clock from the path to the last segment, and the text. All find the language themselves and have
every other argument as our package, or faster-whisper for its two calls, has it.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faster_whisper import BatchedInferencePipeline, WhisperModel

from brickwork_asr.engine import Segment, TranscribeRequest
from brickwork_asr.whisper_engine import load
from brickwork_sdk.models import ModelStore
from tools.bench.plain import DEFAULT_MODELS, FAST_MODEL
from tools.bench.plain_engines import MODELS

Listen = Callable[[str], str]


def ours(model_dir: Path, threads: int) -> Listen:
    """Transcribe through the engine, words with their times included."""
    engine = load(model_dir, {"threads": str(threads)})

    def listen(path: str) -> str:
        events = engine.transcribe(TranscribeRequest(Path(path)))
        return " ".join(event.text for event in events if isinstance(event, Segment))

    return listen


def batched(model_dir: Path, threads: int) -> Listen:
    """Transcribe through `BatchedInferencePipeline`, in int8 as ours."""
    model = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=threads)
    pipeline = BatchedInferencePipeline(model)
    return lambda path: " ".join(segment.text for segment in pipeline.transcribe(path)[0])


def default(model_dir: Path, threads: int) -> Listen:
    """Transcribe as the package does unless told otherwise, in its own precision.

    Threads are 0, which leaves their number to the package.
    """
    model = WhisperModel(str(model_dir), device="cpu", cpu_threads=threads)
    return lambda path: " ".join(segment.text for segment in model.transcribe(path)[0])


def main() -> None:
    """Listen until there are no more orders."""
    base = DEFAULT_MODELS["asr"]
    ways = {
        "ours": (ours, base),
        "fast": (ours, FAST_MODEL),
        "batched": (batched, base),
        "default": (default, base),
    }
    way, model = ways[sys.argv[1]]
    listen = way(ModelStore(MODELS).get(model).directory, int(sys.argv[2]))
    print(flush=True)
    for line in sys.stdin:
        began = time.monotonic()
        text = listen(line.strip())
        print(json.dumps({"seconds": time.monotonic() - began, "text": text}), flush=True)


if __name__ == "__main__":
    main()
