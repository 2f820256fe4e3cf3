"""Engines called one after another in one process, as there would be without a mesh.

Run as `python -m tools.bench.plain_engines BRICK=MODEL...`, it loads these engines on one thread
each, then obeys orders: lines of JSON on standard input, each answered by a line on standard
output. The requests are those that the stages of the pipeline make, and what is no engine's work
is done by the stages' own functions.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brickwork_asr.engine import Segment, TranscribeRequest
from brickwork_diarize import engine as diarize
from brickwork_gateway.pipelines import alignment
from brickwork_gateway.pipelines.grounded import grounded
from brickwork_gateway.pipelines.overview import Overview
from brickwork_gateway.pipelines.partition import estimated_tokens, filled
from brickwork_gateway.pipelines.prompts import asked, laid_out
from brickwork_gateway.pipelines.reduction import reduced
from brickwork_gateway.pipelines.sentences import drafted, sentences
from brickwork_gateway.pipelines.tokens import ANSWER_TOKENS_MAX, PROMPT_TOKENS_MAX
from brickwork_gateway.pipelines.translate import TEXTS_PER_CALL
from brickwork_llm.engine import (
    Embedding,
    EmbedRequest,
    GenerateRequest,
    Message,
    TextDelta,
    Usage,
)
from brickwork_ocr.engine import TimedText, VideoRequest
from brickwork_sdk.models import ModelStore, load_catalogue
from brickwork_translate.engine import TranslateRequest, Translation

MODELS = Path(__file__).resolve().parents[2] / ".brickwork" / "models"

Body = dict[str, Any]
Engines = Mapping[str, Any]


def transcribe(engines: Engines, order: Body) -> Iterator[Body]:
    """Yield the segments of a recording."""
    request = TranscribeRequest(Path(order["recording"]), order.get("language"))
    for event in engines["asr"].transcribe(request):
        if isinstance(event, Segment):
            yield asdict(event)


def tell_speakers(engines: Engines, order: Body) -> Iterator[Body]:
    """Yield the turns of a recording."""
    for event in engines["diarize"].diarize(diarize.DiarizeRequest(Path(order["recording"]))):
        if isinstance(event, diarize.Turn):
            yield asdict(event)


def read_video(engines: Engines, order: Body) -> Iterator[Body]:
    """Yield the texts that a recording shows."""
    for event in engines["ocr"].read_video(VideoRequest(Path(order["recording"]))):
        if isinstance(event, TimedText):
            yield {"start_ms": event.start_ms, "end_ms": event.end_ms, "text": event.text}


def align(engines: Engines, order: Body) -> Iterator[Body]:
    """Yield the segments with their speakers."""
    turns = [alignment.Turn(**turn) for turn in order["turns"]]
    yield from alignment.align(order["segments"], turns, {})


def translate(engines: Engines, order: Body) -> Iterator[str]:
    """Yield the translation of each segment."""
    texts = [segment["text"] for segment in order["segments"]]
    for first in range(0, len(texts), TEXTS_PER_CALL):
        request = TranslateRequest(tuple(texts[first : first + TEXTS_PER_CALL]), "en", "pt")
        for event in engines["translate"].translate(request):
            if isinstance(event, Translation):
                yield event.text


def summarize(engines: Engines, order: Body) -> Iterator[str]:
    """Yield the sentences of the summary; what fits into a prompt is estimated, not counted."""
    segments = [{**segment, "index": n} for n, segment in enumerate(order["segments"])]
    overview = Overview(order.get("language"))
    overview.add(segments)
    assert overview.picked
    said = sentences(segments)

    def supported(read: list[Body]) -> list[Body]:
        drafts = _drafts(engines, laid_out(read))
        body = grounded(drafts, said, overview.language, overview.voices)
        return list(body["sentences"])

    async def condense(_level: int, _number: int, group: list[Body]) -> list[Body]:
        return supported([{**sentence, "speaker": None} for sentence in group])

    told, left = [], said
    while left:
        sizes = [estimated_tokens(sentence["text"]) for sentence in left]
        count = filled(sizes, PROMPT_TOKENS_MAX, [True] * len(left))
        told += supported(left[:count])
        left = left[count:]
    shortened = reduced(told, estimated_tokens, PROMPT_TOKENS_MAX, condense, lambda _: None)
    for sentence in asyncio.run(shortened):
        yield sentence["text"]


def _drafts(engines: Engines, text: str) -> list[str]:
    request = GenerateRequest((Message("user", asked(text, "en")),), ANSWER_TOKENS_MAX)
    events = engines["llm"].generate(request)
    return drafted("".join(each.text for each in events if isinstance(each, TextDelta)))


def write(engines: Engines, order: Body) -> Iterator[tuple[int, int]]:
    """Write an answer; yield how many tokens were read and written."""
    request = GenerateRequest((Message("user", order["text"]),), order["token_count"])
    for event in engines["llm"].generate(request):
        if isinstance(event, Usage):
            yield event.prompt_token_count, event.completion_token_count


def embed(engines: Engines, order: Body) -> Iterator[int]:
    """Make the vectors of texts; yield the index of each."""
    for event in engines["llm"].embed(EmbedRequest(tuple(order["texts"]))):
        if isinstance(event, Embedding):
            yield event.index


STAGES: Mapping[str, Callable[[Engines, Body], Iterator[Any]]] = {
    "transcribe": transcribe,
    "diarize": tell_speakers,
    "read_video": read_video,
    "align": align,
    "translate": translate,
    "summarize": summarize,
    "write": write,
    "embed": embed,
}


def load_engine(brick: str, model: str) -> Any:
    """Load an engine as its own process would, on one thread."""
    [entry] = [each for each in load_catalogue(f"brickwork_{brick}") if each.name == model]
    module = importlib.import_module(entry.engine)
    return module.load(ModelStore(MODELS).get(model).directory, {"threads": "1"})


def obey(engines: Engines, order: Body) -> Body:
    """Run a stage; tell what it made and what it cost."""
    began, cpu_began = time.monotonic(), time.process_time()
    made = list(STAGES[order["stage"]](engines, order))
    return {
        "made": made,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu_began,
    }


def main() -> None:
    """Load the engines that the command line names, then obey until the input ends."""
    # Libraries that print must not be taken for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engines = {brick: load_engine(brick, model) for brick, model in _named(sys.argv[1:])}
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(engines, json.loads(line))), file=answers, flush=True)
    for engine in engines.values():
        engine.close()


def _named(words: list[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        brick, _, model = word.partition("=")
        yield brick, model


if __name__ == "__main__":
    main()
