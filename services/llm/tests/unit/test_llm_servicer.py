"""The llm brick over real gRPC, with an engine that is scripted."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from brickwork.llm.v1 import llm_pb2 as pb
from brickwork.llm.v1 import llm_pb2_grpc
from brickwork_llm.__main__ import register
from brickwork_llm.settings import LlmSettings
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick

CALL_SECONDS = 60.0


@pytest.fixture
async def llm(tmp_path: Path) -> AsyncIterator["llm_pb2_grpc.LlmServiceAsyncStub"]:
    async with served_brick("brickwork_llm", LlmSettings, register, tmp_path) as channel:
        yield llm_pb2_grpc.LlmServiceStub(channel)


def asked(text: str = "one two three") -> pb.ChatMessage:
    return pb.ChatMessage(role=pb.CHAT_ROLE_USER, text=text)


async def generate(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", request: pb.GenerateTextRequest
) -> list[pb.GenerateTextResponse]:
    return [event async for event in llm.GenerateText(request, timeout=CALL_SECONDS)]


async def embed(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", request: pb.EmbedTextsRequest
) -> list[pb.EmbedTextsResponse]:
    return [event async for event in llm.EmbedTexts(request, timeout=CALL_SECONDS)]


async def refusal(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", request: pb.GenerateTextRequest
) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as caught:
        await generate(llm, request)
    return error_from_rpc(caught.value)


async def test_the_model_is_named_then_deltas_come_then_one_usage(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    events = await generate(llm, pb.GenerateTextRequest(messages=[asked()]))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[kinds.index("started") :] == ["started", *["delta"] * 4, "usage"]
    started = events[kinds.index("started")].started
    assert (started.model.name, started.model.engine) == ("smollm2-135m-instruct", "scripted 1")
    assert "".join(event.delta.text for event in events).startswith("one two three [")
    usage = events[-1].usage
    assert (usage.prompt_token_count, usage.completion_token_count) == (3, 4)
    assert usage.finish_reason == pb.FINISH_REASON_STOP


async def test_thirty_two_calls_side_by_side_answer_as_one_after_another(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    def said(events: list[pb.GenerateTextResponse]) -> tuple[str, int]:
        text = "".join(event.delta.text for event in events)
        return text, events[-1].usage.prompt_token_count

    requests = [
        pb.GenerateTextRequest(messages=[asked("word " * (number + 1))]) for number in range(32)
    ]
    together = await asyncio.gather(*(generate(llm, request) for request in requests))
    alone = [await generate(llm, request) for request in requests]
    assert [said(events) for events in together] == [said(events) for events in alone]


async def test_the_limit_of_pieces_is_kept_and_said(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    request = pb.GenerateTextRequest(messages=[asked()], max_token_count=2)
    events = await generate(llm, request)
    assert "".join(event.delta.text for event in events) == "one two"
    assert events[-1].usage.finish_reason == pb.FINISH_REASON_LENGTH


async def test_earlier_messages_and_their_roles_reach_the_engine(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    answers = set()
    for role in (pb.CHAT_ROLE_SYSTEM, pb.CHAT_ROLE_ASSISTANT):
        messages = [pb.ChatMessage(role=role, text="Be brief."), asked()]
        events = await generate(llm, pb.GenerateTextRequest(messages=messages))
        answers.add("".join(event.delta.text for event in events))
    assert len(answers) == 2


async def test_a_conversation_beyond_the_context_is_refused_with_both_counts(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    error = await refusal(llm, pb.GenerateTextRequest(messages=[asked("word " * 3000)]))
    assert error.reason is Reason.CONTEXT_EXCEEDED
    assert error.metadata == {"prompt_token_count": "3000", "context_token_count": "2048"}


async def test_an_unknown_model_is_refused(llm: "llm_pb2_grpc.LlmServiceAsyncStub") -> None:
    error = await refusal(llm, pb.GenerateTextRequest(messages=[asked()], model="another"))
    assert error.reason is Reason.MODEL_UNKNOWN


async def test_a_schema_is_refused_by_a_model_that_cannot_keep_to_one(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    request = pb.GenerateTextRequest(messages=[asked()], response_schema='{"type": "object"}')
    error = await refusal(llm, request)
    assert error.reason is Reason.MODEL_CANNOT
    assert error.metadata["ability"] == "schema"


async def test_a_count_is_the_prompt_that_an_answer_reports(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    request = pb.CountTokensRequest(messages=[asked()])
    answer = await llm.CountTokens(request, timeout=CALL_SECONDS)
    assert (answer.token_count, answer.context_token_count) == (3, 2048)
    assert answer.model.name == "smollm2-135m-instruct"


async def test_every_text_has_its_vector_of_length_one(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    events = await embed(llm, pb.EmbedTextsRequest(texts=["one", "two three", "one"]))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[kinds.index("started") :] == ["started", *["embedding"] * 3, "summary"]
    assert events[kinds.index("started")].started.model.name == "all-minilm-l6-v2"
    found = {event.embedding.index: list(event.embedding.vector) for event in events[-4:-1]}
    assert found[0] == found[2] != found[1]
    assert all(math.hypot(*vector) == pytest.approx(1) for vector in found.values())
    summary = events[-1].summary
    assert (summary.text_count, summary.token_count, summary.token_count_max) == (3, 4, 256)


async def test_a_text_that_cannot_be_read_whole_is_refused_or_told(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    request = pb.EmbedTextsRequest(texts=["short", "word " * 300])
    with pytest.raises(grpc.RpcError) as caught:
        await embed(llm, request)
    error = error_from_rpc(caught.value)
    assert error.reason is Reason.TEXT_TOO_LONG
    counts = {"index": "1", "token_count": "300", "token_count_max": "256"}
    assert error.metadata.items() >= counts.items()
    request.truncate = True
    vectors = [one.embedding for one in await embed(llm, request) if one.HasField("embedding")]
    assert [(one.token_count, one.is_truncated) for one in vectors] == [(1, False), (300, True)]


async def test_a_model_is_not_asked_for_what_it_does_not_do(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    request = pb.GenerateTextRequest(messages=[asked()], model="all-minilm-l6-v2")
    assert (await refusal(llm, request)).reason is Reason.MODEL_CANNOT
    with pytest.raises(grpc.RpcError) as caught:
        await embed(llm, pb.EmbedTextsRequest(texts=["one"], model="smollm2-135m-instruct"))
    assert error_from_rpc(caught.value).reason is Reason.MODEL_CANNOT
