"""Answer the wire's calls with text from an engine."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.llm.v1 import llm_pb2 as pb
from brickwork.llm.v1 import llm_pb2_grpc
from brickwork_llm.engine import (
    MAX_TOKEN_COUNT_DEFAULT,
    MAX_TOKEN_COUNT_MAX,
    TEMPERATURE_MAX,
    FinishReason,
    GenerateEvent,
    GenerateRequest,
    Message,
    Pending,
    Role,
    TextDelta,
    Usage,
)
from brickwork_llm.metrics import TOKENS
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.slots import Slots, Started, Waiting

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["LlmService"].full_name

_EVENTS: Sequence[type[GenerateEvent]] = (TextDelta, Pending, Usage)
_ROLES: Mapping[int, Role] = {
    pb.CHAT_ROLE_SYSTEM: "system",
    pb.CHAT_ROLE_USER: "user",
    pb.CHAT_ROLE_ASSISTANT: "assistant",
}
_FINISH_REASONS: Mapping[FinishReason, pb.FinishReason.ValueType] = {
    "stop": pb.FINISH_REASON_STOP,
    "length": pb.FINISH_REASON_LENGTH,
}


class LlmServicer(llm_pb2_grpc.LlmServiceServicer):
    """Generates text; the slots hold the models."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    async def GenerateText(
        self, request: pb.GenerateTextRequest, context: "Context"
    ) -> AsyncIterator[pb.GenerateTextResponse]:
        """Stream the waits, one start, the deltas and one usage."""
        model = self._slots.named(request.model).entry.name
        stream = self._slots.run(model, current_caller.get(), "generate", _read(request), _EVENTS)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Usage):
                    TOKENS.labels(model, "prompt").inc(event.prompt_token_count)
                    TOKENS.labels(model, "completion").inc(event.completion_token_count)
                if not isinstance(event, Pending):
                    yield _render(event)


def _read(request: pb.GenerateTextRequest) -> GenerateRequest:
    if not request.messages or request.messages[-1].role != pb.CHAT_ROLE_USER:
        raise InvalidInput(
            Reason.MESSAGES_INVALID,
            "The conversation must hold at least one message, the last one from the user.",
        )
    for index, message in enumerate(request.messages):
        if message.role not in _ROLES:
            raise InvalidInput(
                Reason.MESSAGES_INVALID,
                f"Message {index} does not say whose it is.",
                metadata={"message": str(index)},
            )
    count, temperature = MAX_TOKEN_COUNT_DEFAULT, request.temperature
    if request.HasField("max_token_count"):
        count = request.max_token_count
    if not 1 <= count <= MAX_TOKEN_COUNT_MAX:
        raise _outside("max_token_count", f"1 to {MAX_TOKEN_COUNT_MAX}")
    if math.isnan(temperature) or not 0 <= temperature <= TEMPERATURE_MAX:
        raise _outside("temperature", f"0 to {TEMPERATURE_MAX:g}")
    messages = tuple(Message(_ROLES[message.role], message.text) for message in request.messages)
    return GenerateRequest(messages, count, temperature)


def _render(event: Waiting | Started | TextDelta | Usage) -> pb.GenerateTextResponse:
    match event:
        case Waiting():
            return pb.GenerateTextResponse(waiting=event.to_proto())
        case Started():
            return pb.GenerateTextResponse(started=event.to_proto())
        case TextDelta(text):
            return pb.GenerateTextResponse(delta=pb.TextDelta(text=text))
        case Usage(prompt_token_count, completion_token_count, finish_reason):
            usage = pb.Usage(
                prompt_token_count=prompt_token_count,
                completion_token_count=completion_token_count,
                finish_reason=_FINISH_REASONS[finish_reason],
            )
            return pb.GenerateTextResponse(usage=usage)


def _outside(field: str, span: str) -> InvalidInput:
    return InvalidInput(
        Reason.ARGUMENT_INVALID, f"The field {field} must be {span}.", metadata={"field": field}
    )
