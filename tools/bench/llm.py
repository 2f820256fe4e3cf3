"""What the llm brick costs over its engines: written tokens and vectors."""

import time
from collections.abc import Iterator

import grpc

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_cli.mesh_state import MeshState
from tools.bench.engine_memory import transcript
from tools.bench.over_engine import compare
from tools.bench.plain import DEFAULT_MODELS, PlainProcess, plain_process
from tools.bench.row import Row, at_least
from tools.bench.warm_mesh import address, load_models, mesh

WRITER, EMBEDDER = DEFAULT_MODELS["llm"], "all-minilm-l6-v2"
_CALL_SECONDS_MAX = 600.0
_WRITING_TURNS = 11
"""Single ratios of so short an answer differ by a tenth either way; the bound is a twentieth."""


def measure(
    text_minutes: float = 1.0, token_count: int = 100, embed_minutes: float = 10.0
) -> Iterator[Row | str]:
    """Yield the speed of writing and of vectors over the brick, as a share of the engine's own."""
    said = " ".join(segment["text"] for segment in transcript(text_minutes))
    prompt = f"{said}\n\nSummarize the text above in a few sentences."
    texts = [segment["text"] for segment in transcript(embed_minutes)]
    with mesh() as state:
        load_models(state, {"llm": WRITER})
        with plain_process({"llm": WRITER}) as plain:
            yield _writing(state, plain, prompt, token_count)
        load_models(state, {"llm": EMBEDDER})
        with plain_process({"llm": EMBEDDER}) as plain:
            yield _embedding(state, plain, texts)


def _writing(state: MeshState, plain: PlainProcess, prompt: str, token_count: int) -> Row:
    message = llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text=prompt)
    request = llm_pb2.GenerateTextRequest(messages=[message], max_token_count=token_count)
    written: set[tuple[int, int]] = set()

    def over_brick() -> float:
        with grpc.insecure_channel(address(state, "llm")) as channel:
            stub, began = llm_pb2_grpc.LlmServiceStub(channel), time.monotonic()
            *_, last = stub.GenerateText(request, timeout=_CALL_SECONDS_MAX)
            seconds = time.monotonic() - began
        written.add((last.usage.prompt_token_count, last.usage.completion_token_count))
        return seconds

    def alone() -> float:
        done = plain.run("write", text=prompt, token_count=token_count)
        [counts] = done["made"]
        written.add((counts[0], counts[1]))
        return float(done["seconds"])

    compared = compare(over_brick, alone, _WRITING_TURNS)
    # Greedy: both sides did the very same work, or the ratio would mean nothing.
    [(read_count, written_count)] = written
    return Row(
        "tokens a second over the llm brick over the same engine called directly",
        1 / compared.ratio,
        "ratio",
        at_least(0.95),
        f"{WRITER}, {read_count} tokens read and {written_count} written: {compared.told}",
    )


def _embedding(state: MeshState, plain: PlainProcess, texts: list[str]) -> Row:
    request = llm_pb2.EmbedTextsRequest(texts=texts)

    def over_brick() -> float:
        with grpc.insecure_channel(address(state, "llm")) as channel:
            stub, began = llm_pb2_grpc.LlmServiceStub(channel), time.monotonic()
            *_, last = stub.EmbedTexts(request, timeout=_CALL_SECONDS_MAX)
            seconds = time.monotonic() - began
        assert last.summary.text_count == len(texts)
        return seconds

    compared = compare(over_brick, lambda: float(plain.run("embed", texts=texts)["seconds"]))
    return Row(
        "vectors a second over the llm brick over the same engine called directly",
        1 / compared.ratio,
        "ratio",
        None,
        f"{EMBEDDER}, {len(texts)} sentences of a transcript: {compared.told}",
    )
