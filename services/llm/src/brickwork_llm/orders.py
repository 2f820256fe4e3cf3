"""What a request of the wire asks for, or why it is refused; nothing has been loaded by then."""

from collections.abc import Iterable, Mapping, Sequence

from brickwork.llm.v1 import llm_pb2 as pb
from brickwork_llm.engine import (
    MAX_TOKEN_COUNT_DEFAULT,
    MESSAGE_COUNT_MAX,
    TEXT_BYTES_MAX,
    TEXT_COUNT_MAX,
    CountRequest,
    EmbedRequest,
    GenerateRequest,
    Message,
    Role,
)
from brickwork_llm.limits import ANSWER_TOKENS, TEMPERATURE
from brickwork_llm.response_schema import check_schema
from brickwork_sdk.errors import InvalidInput, Reason

_ROLES: Mapping[int, Role] = {
    pb.CHAT_ROLE_SYSTEM: "system",
    pb.CHAT_ROLE_USER: "user",
    pb.CHAT_ROLE_ASSISTANT: "assistant",
}


def generate_order(request: pb.GenerateTextRequest) -> GenerateRequest:
    """Read what is to be written.

    Raises:
        InvalidInput: MESSAGES_INVALID, TEXT_TOO_LONG, ARGUMENT_INVALID.
    """
    messages = _conversation(request.messages)
    count = MAX_TOKEN_COUNT_DEFAULT
    if request.HasField("max_token_count"):
        count = request.max_token_count
    ANSWER_TOKENS.require(count)
    TEMPERATURE.require(request.temperature)
    if request.response_schema:
        check_schema(request.response_schema)
    return GenerateRequest(messages, count, request.temperature, request.response_schema)


def count_order(request: pb.CountTokensRequest) -> CountRequest:
    """Read which conversation is to be counted.

    Raises:
        InvalidInput: MESSAGES_INVALID, TEXT_TOO_LONG.
    """
    return CountRequest(_conversation(request.messages))


def embed_order(request: pb.EmbedTextsRequest) -> EmbedRequest:
    """Read which texts are to become vectors.

    Raises:
        InvalidInput: TEXT_TOO_LONG, ARGUMENT_INVALID.
    """
    _require_room("texts", request.texts, TEXT_COUNT_MAX)
    if not request.texts:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            "There must be at least one text.",
            metadata={"field": "texts"},
        )
    for index, text in enumerate(request.texts):
        if not text.strip():
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"Text {index} says nothing that a vector could stand for.",
                metadata={"field": "texts", "index": str(index)},
            )
    return EmbedRequest(tuple(request.texts), request.truncate)


def _conversation(messages: Sequence[pb.ChatMessage]) -> tuple[Message, ...]:
    _require_room("messages", (message.text for message in messages), MESSAGE_COUNT_MAX)
    if not messages or messages[-1].role != pb.CHAT_ROLE_USER:
        raise InvalidInput(
            Reason.MESSAGES_INVALID,
            "The conversation must hold at least one message, the last one from the user.",
        )
    for index, message in enumerate(messages):
        if message.role not in _ROLES:
            raise _misplaced(index, "does not say whose it is")
        if index and message.role == pb.CHAT_ROLE_SYSTEM:
            raise _misplaced(index, "holds instructions, which only the first one may")
    return tuple(Message(_ROLES[message.role], message.text) for message in messages)


def _require_room(field: str, texts: Iterable[str], count_max: int) -> None:
    sizes = [len(text.encode()) for text in texts]
    if len(sizes) > count_max or sum(sizes) > TEXT_BYTES_MAX:
        raise InvalidInput(
            Reason.TEXT_TOO_LONG,
            f"{len(sizes):,} {field} of {sum(sizes):,} bytes are too much for one call; "
            f"it takes {count_max:,} of together {TEXT_BYTES_MAX:,} bytes.",
            metadata={
                "field": field,
                "count_max": str(count_max),
                "bytes_max": str(TEXT_BYTES_MAX),
            },
        )


def _misplaced(index: int, fault: str) -> InvalidInput:
    return InvalidInput(
        Reason.MESSAGES_INVALID, f"Message {index} {fault}.", metadata={"message": str(index)}
    )
