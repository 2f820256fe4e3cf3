"""The llm brick over real gRPC, with an engine that is scripted."""

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


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [pb.ChatMessage(role=pb.CHAT_ROLE_ASSISTANT, text="Hello.")],
        [pb.ChatMessage(text="Whose is this?"), asked()],
    ],
    ids=["none", "last-one-not-the-users", "role-not-said"],
)
async def test_a_conversation_that_cannot_be_answered_is_refused(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", messages: list[pb.ChatMessage]
) -> None:
    error = await refusal(llm, pb.GenerateTextRequest(messages=messages))
    assert error.reason is Reason.MESSAGES_INVALID


@pytest.mark.parametrize("count", [0, -1, 4097])
async def test_a_limit_outside_its_range_is_refused(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", count: int
) -> None:
    request = pb.GenerateTextRequest(messages=[asked()], max_token_count=count)
    error = await refusal(llm, request)
    assert error.reason is Reason.ARGUMENT_INVALID
    assert error.metadata["field"] == "max_token_count"


@pytest.mark.parametrize("temperature", [-0.1, 2.1, float("nan"), float("inf")])
async def test_a_temperature_outside_its_range_is_refused(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub", temperature: float
) -> None:
    request = pb.GenerateTextRequest(messages=[asked()], temperature=temperature)
    error = await refusal(llm, request)
    assert error.reason is Reason.ARGUMENT_INVALID
    assert error.metadata["field"] == "temperature"


async def test_a_conversation_beyond_the_context_is_refused_with_both_counts(
    llm: "llm_pb2_grpc.LlmServiceAsyncStub",
) -> None:
    error = await refusal(llm, pb.GenerateTextRequest(messages=[asked("word " * 3000)]))
    assert error.reason is Reason.CONTEXT_EXCEEDED
    assert error.metadata == {"prompt_token_count": "3000", "context_token_count": "2048"}


async def test_an_unknown_model_is_refused(llm: "llm_pb2_grpc.LlmServiceAsyncStub") -> None:
    error = await refusal(llm, pb.GenerateTextRequest(messages=[asked()], model="another"))
    assert error.reason is Reason.MODEL_UNKNOWN
