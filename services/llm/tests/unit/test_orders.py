"""What each RPC refuses, before anything is loaded for it."""

from collections.abc import Callable
from typing import Any

import pytest

from brickwork.llm.v1 import llm_pb2 as pb
from brickwork_llm.engine import CountRequest, EmbedRequest, GenerateRequest, Message
from brickwork_llm.orders import count_order, embed_order, generate_order
from brickwork_sdk.errors import InvalidInput, Reason

SYSTEM, USER, ASSISTANT = pb.CHAT_ROLE_SYSTEM, pb.CHAT_ROLE_USER, pb.CHAT_ROLE_ASSISTANT
TEN_MEGABYTES = "word " * 2_000_000


def said(*messages: tuple[pb.ChatRole.ValueType, str]) -> list[pb.ChatMessage]:
    return [pb.ChatMessage(role=role, text=text) for role, text in messages]


CONVERSATIONS = [
    ("nothing", [], Reason.MESSAGES_INVALID),
    ("last-one-not-the-users", said((USER, "a"), (ASSISTANT, "b")), Reason.MESSAGES_INVALID),
    ("role-not-said", said((pb.CHAT_ROLE_UNSPECIFIED, "a"), (USER, "b")), Reason.MESSAGES_INVALID),
    ("unknown-role", [pb.ChatMessage(role=9, text="a")], Reason.MESSAGES_INVALID),  # type: ignore[arg-type]
    (
        "instructions-after-the-start",
        said((USER, "a"), (SYSTEM, "b"), (USER, "c")),
        Reason.MESSAGES_INVALID,
    ),
    ("ten-megabytes", said((USER, TEN_MEGABYTES)), Reason.TEXT_TOO_LONG),
    ("many-messages", said((USER, "a")) * 1_001, Reason.TEXT_TOO_LONG),
]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [pytest.param(messages, reason, id=name) for name, messages, reason in CONVERSATIONS],
)
@pytest.mark.parametrize(
    ("read", "kind"),
    [(generate_order, pb.GenerateTextRequest), (count_order, pb.CountTokensRequest)],
    ids=["GenerateText", "CountTokens"],
)
def test_a_conversation_that_cannot_be_answered_is_refused(
    read: Callable[[Any], object],
    kind: type[Any],
    messages: list[pb.ChatMessage],
    reason: Reason,
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(kind(messages=messages))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("max_token_count", count) for count in (0, -1, 4_097, 2**31 - 1)),
        *(("temperature", float(value)) for value in ("-0.1", "2.1", "nan", "inf", "-inf")),
        ("response_schema", "["),
    ],
)
def test_an_argument_outside_its_range_is_refused_by_its_name(field: str, value: object) -> None:
    arguments: dict[str, Any] = {field: value}
    request = pb.GenerateTextRequest(messages=said((USER, "a")), **arguments)
    with pytest.raises(InvalidInput) as caught:
        generate_order(request)
    assert caught.value.reason is Reason.ARGUMENT_INVALID
    assert caught.value.metadata["field"] == field


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([], Reason.ARGUMENT_INVALID),
        (["one", " \n"], Reason.ARGUMENT_INVALID),
        (["a"] * 100_000, Reason.TEXT_TOO_LONG),
        ([TEN_MEGABYTES], Reason.TEXT_TOO_LONG),
    ],
    ids=["nothing", "an-empty-one", "a-hundred-thousand", "ten-megabytes"],
)
def test_texts_that_cannot_be_embedded_are_refused(texts: list[str], reason: Reason) -> None:
    with pytest.raises(InvalidInput) as caught:
        embed_order(pb.EmbedTextsRequest(texts=texts))
    assert caught.value.reason is reason


def test_what_is_right_is_read_as_it_was_said() -> None:
    messages = said((SYSTEM, "Be brief."), (USER, "a"), (ASSISTANT, "b"), (USER, "c"))
    read = (
        Message("system", "Be brief."),
        Message("user", "a"),
        Message("assistant", "b"),
        Message("user", "c"),
    )
    request = pb.GenerateTextRequest(messages=messages, temperature=2, response_schema="{}")
    assert generate_order(request) == GenerateRequest(read, 256, 2.0, "{}")
    assert count_order(pb.CountTokensRequest(messages=messages)) == CountRequest(read)
    embedding = pb.EmbedTextsRequest(texts=["a", "b"], truncate=True)
    assert embed_order(embedding) == EmbedRequest(("a", "b"), is_truncating=True)
