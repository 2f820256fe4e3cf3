from pathlib import Path

import pytest

from brickwork_llm.engine import (
    CountRequest,
    Embedding,
    EmbedRequest,
    EmbedUsage,
    GenerateRequest,
    Message,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.scripted_engine import CONTEXT_TOKEN_COUNT, EMBED_TOKEN_COUNT_MAX, load
from brickwork_sdk.errors import InvalidInput, Reason


def answer(request: GenerateRequest) -> tuple[str, Usage]:
    *deltas, usage = load(Path("nowhere"), {}).generate(request)
    assert isinstance(usage, Usage)
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)), usage


def test_the_same_conversation_has_the_same_answer() -> None:
    request = GenerateRequest((Message("user", "one two three"),))
    assert answer(request) == answer(request)
    assert answer(request)[0].startswith("one two three [")
    assert answer(request)[1] == Usage(3, 4, "stop")


def test_another_instruction_changes_the_answer() -> None:
    question = Message("user", "one two three")
    plain = GenerateRequest((question,))
    instructed = GenerateRequest((Message("system", "Be brief."), question))
    assert answer(plain)[0] != answer(instructed)[0]


def test_the_limit_of_tokens_ends_the_answer() -> None:
    text, usage = answer(GenerateRequest((Message("user", "one two three"),), max_token_count=2))
    assert text == "one two"
    assert usage == Usage(3, 2, "length")


def test_a_count_is_that_of_the_prompt() -> None:
    messages = (Message("user", "one two three"),)
    assert list(load(Path("nowhere"), {}).count(CountRequest(messages))) == [
        TokenCount(3, CONTEXT_TOKEN_COUNT)
    ]


def test_equal_texts_have_equal_vectors() -> None:
    *vectors, usage = load(Path("nowhere"), {}).embed(EmbedRequest(("one", "two", "one")))
    first, second, third = [one.vector for one in vectors if isinstance(one, Embedding)]
    assert first == third != second
    assert usage == EmbedUsage(3, EMBED_TOKEN_COUNT_MAX)


def test_a_conversation_beyond_the_context_is_refused() -> None:
    long = GenerateRequest((Message("user", "word " * CONTEXT_TOKEN_COUNT),))
    with pytest.raises(InvalidInput) as caught:
        answer(long)
    assert caught.value.reason is Reason.CONTEXT_EXCEEDED
