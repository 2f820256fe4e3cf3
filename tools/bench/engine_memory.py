"""What each engine's own process costs, over a long recording and over a short one."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brickwork_asr import engine as asr
from brickwork_diarize import engine as diarize
from brickwork_gateway.pipelines.partition import estimated_tokens, filled
from brickwork_gateway.pipelines.prompts import asked, laid_out
from brickwork_gateway.pipelines.sentences import sentences
from brickwork_gateway.pipelines.tokens import ANSWER_TOKENS_MAX, PROMPT_TOKENS_MAX
from brickwork_gateway.pipelines.translate import TEXTS_PER_CALL
from brickwork_llm import engine as llm
from brickwork_ocr import engine as ocr
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.models import ModelStore, load_catalogue
from brickwork_sdk.processes import cpu_seconds
from brickwork_translate import engine as translate
from tools.bench.peak import peak_bytes, reset_peak
from tools.bench.plain_engines import MODELS
from tools.demo import RECORDING

LOAD_SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Load:
    """The calls that a brick makes of its engine for one recording.

    Attributes:
        brick: whose engine.
        model: which of its models.
        method: of the engine.
        events: what the method may yield.
    """

    brick: str
    model: str
    method: str
    events: Sequence[type]

    def requests(self, recording: Path, minutes: float) -> Iterator[object]:
        """Yield one request after the other; a transcript stands for its recording."""
        match self.brick:
            case "asr":
                yield asr.TranscribeRequest(recording)
            case "diarize":
                yield diarize.DiarizeRequest(recording)
            case "ocr":
                yield ocr.VideoRequest(recording)
            case "translate":
                texts = tuple(segment["text"] for segment in transcript(minutes))
                for first in range(0, len(texts), TEXTS_PER_CALL):
                    part = texts[first : first + TEXTS_PER_CALL]
                    yield translate.TranslateRequest(part, "en", "pt")
            case "llm":
                said = sentences(transcript(minutes))
                while said:
                    sizes = [estimated_tokens(sentence["text"]) for sentence in said]
                    count = filled(sizes, PROMPT_TOKENS_MAX, [True] * len(said))
                    message = llm.Message("user", asked(laid_out(said[:count]), "en"))
                    yield llm.GenerateRequest((message,), ANSWER_TOKENS_MAX)
                    said = said[count:]


@dataclass(frozen=True)
class Cost:
    """The peak of an engine's process over a list of requests, and its processor time."""

    peak_bytes: int
    cpu_seconds: float


LOADS = (
    Load("asr", "whisper-tiny.en", "transcribe", (asr.Segment, asr.Progress)),
    Load(
        "diarize",
        "pyannote-ge2e",
        "diarize",
        (diarize.Progress, diarize.Turn, diarize.RecordingEnd),
    ),
    Load("ocr", "pp-ocrv6-small", "read_video", (ocr.TimedText, ocr.Progress, ocr.VideoEnd)),
    Load("translate", "bergamot-en-pt", "translate", (translate.Translation, translate.Progress)),
    Load("llm", "smollm2-135m-instruct", "generate", (llm.TextDelta, llm.Pending, llm.Usage)),
)


def transcript(minutes: float) -> list[dict[str, Any]]:
    """Return what is said in so many minutes of the demo, repeated, as aligned segments."""
    truth = json.loads(RECORDING.with_suffix(".truth.json").read_text("utf-8"))
    said: list[dict[str, Any]] = []
    begin_ms = 0
    while begin_ms < minutes * 60_000:
        for turn in truth["turns"]:
            span = {name: begin_ms + turn[name] for name in ("start_ms", "end_ms")}
            said.append({**turn, **span, "words": [], "language": "en"})
        begin_ms += truth["duration_ms"]
    within = [segment for segment in said if segment["end_ms"] <= minutes * 60_000]
    return [{**segment, "index": index} for index, segment in enumerate(within)]


async def costs(load: Load, recordings: Sequence[tuple[Path, float]]) -> list[Cost]:
    """Return what each recording costs one engine process.

    Args:
        load: which engine, and what is asked of it.
        recordings: each with its minutes, in the order in which they are worked through.
    """
    [entry] = [
        each for each in load_catalogue(f"brickwork_{load.brick}") if each.name == load.model
    ]
    directory = ModelStore(MODELS).get(load.model).directory
    orders = [list(load.requests(recording, minutes)) for recording, minutes in recordings]
    return await costs_of(entry.engine, directory, load, orders)


async def costs_of(
    module: str, directory: Path, load: Load, orders: Sequence[Sequence[object]]
) -> list[Cost]:
    """Return what each list of requests costs an engine's own process."""
    process = await EngineProcess.spawn(module, directory, {"threads": "1"})
    found = []
    try:
        await process.loaded(LOAD_SECONDS_MAX)
        for requests in orders:
            pid = process.identity.pid
            reset_peak(pid)
            before = cpu_seconds(pid)
            for request in requests:
                async for _ in process.stream(load.method, request, load.events):
                    pass
            found.append(Cost(peak_bytes(pid), cpu_seconds(pid) - before))
    finally:
        await process.stop()
    return found


async def index_bytes(recording: Path, minutes: float) -> int:
    """Return the peak of a process that hears the last seconds of a recording, in bytes.

    Nothing but what is held to find one's way in the file is of any size then.
    """
    request = asr.TranscribeRequest(recording, start_ms=int((minutes - 0.05) * 60_000))
    [cost] = await costs_of(
        "brickwork_asr.scripted_engine", recording.parent, LOADS[0], [[request]]
    )
    return cost.peak_bytes


async def all_costs(
    lanes: Sequence[Sequence[Load]], recordings: Sequence[tuple[Path, float]]
) -> dict[Load, list[Cost]]:
    """Return the costs of each engine; lanes run side by side, to use both cores of a machine."""

    async def drive(lane: Sequence[Load]) -> list[tuple[Load, list[Cost]]]:
        return [(load, await costs(load, recordings)) for load in lane]

    async with asyncio.TaskGroup() as group:
        driven = [group.create_task(drive(lane)) for lane in lanes]
    return dict(pair for task in driven for pair in task.result())
