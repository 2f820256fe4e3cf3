"""Answer the wire's calls with text, counts and vectors from an engine."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.llm.v1 import llm_pb2 as pb
from brickwork.llm.v1 import llm_pb2_grpc
from brickwork_llm.engine import (
    CountEvent,
    Embedding,
    EmbedEvent,
    EmbedUsage,
    FinishReason,
    GenerateEvent,
    Pending,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.metrics import TOKENS
from brickwork_llm.orders import count_order, embed_order, generate_order
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import EngineFailed, Reason
from brickwork_sdk.slots import Slots, Started, Waiting, model_info

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

ABILITIES_DEFAULT = ("write", "count")
"""Of a site's own model that does not say."""
SERVICE_NAME = pb.DESCRIPTOR.services_by_name["LlmService"].full_name

_TEXT_EVENTS: Sequence[type[GenerateEvent]] = (TextDelta, Pending, Usage)
_COUNT_EVENTS: Sequence[type[CountEvent]] = (TokenCount, Pending)
_VECTOR_EVENTS: Sequence[type[EmbedEvent]] = (Embedding, EmbedUsage)
_FINISH_REASONS: Mapping[FinishReason, pb.FinishReason.ValueType] = {
    "stop": pb.FINISH_REASON_STOP,
    "length": pb.FINISH_REASON_LENGTH,
}


class LlmServicer(llm_pb2_grpc.LlmServiceServicer):
    """Writes text, counts tokens and makes vectors; the slots hold the models."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        embedders = (name for name, one in slots.by_name.items() if "embed" in one.entry.abilities)
        self._embedder = next(embedders, "")

    async def GenerateText(
        self, request: pb.GenerateTextRequest, context: "Context"
    ) -> AsyncIterator[pb.GenerateTextResponse]:
        """Stream the waits, one start, the deltas and one usage."""
        slot, order = self._slots.named(request.model), generate_order(request)
        slot.require_able("write", ABILITIES_DEFAULT)
        if order.schema:
            slot.require_able("schema", ABILITIES_DEFAULT)
        model = slot.entry.name
        stream = self._slots.run(model, current_caller.get(), "generate", order, _TEXT_EVENTS)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Usage):
                    TOKENS.labels(model, "prompt").inc(event.prompt_token_count)
                    TOKENS.labels(model, "completion").inc(event.completion_token_count)
                if not isinstance(event, Pending):
                    yield _text_event(event)

    async def CountTokens(
        self, request: pb.CountTokensRequest, context: "Context"
    ) -> pb.CountTokensResponse:
        """Tell how long a conversation is."""
        slot, order = self._slots.named(request.model), count_order(request)
        slot.require_able("count", ABILITIES_DEFAULT)
        caller = current_caller.get()
        stream = self._slots.run(slot.entry.name, caller, "count", order, _COUNT_EVENTS)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, TokenCount):
                    return pb.CountTokensResponse(
                        token_count=event.token_count,
                        context_token_count=event.context_token_count,
                        model=model_info(slot),
                    )
        raise EngineFailed(Reason.ENGINE_FAILED, "The engine told no count.")

    async def EmbedTexts(
        self, request: pb.EmbedTextsRequest, context: "Context"
    ) -> AsyncIterator[pb.EmbedTextsResponse]:
        """Stream the waits, one start, a vector for each text and one summary."""
        slot = self._slots.named(request.model or self._embedder)
        order = embed_order(request)
        slot.require_able("embed", ABILITIES_DEFAULT)
        model = slot.entry.name
        stream = self._slots.run(model, current_caller.get(), "embed", order, _VECTOR_EVENTS)
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, EmbedUsage):
                    TOKENS.labels(model, "prompt").inc(event.token_count)
                yield _vector_event(event, len(order.texts))


def _text_event(event: Waiting | Started | TextDelta | Usage) -> pb.GenerateTextResponse:
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


def _vector_event(
    event: Waiting | Started | Embedding | EmbedUsage, text_count: int
) -> pb.EmbedTextsResponse:
    match event:
        case Waiting():
            return pb.EmbedTextsResponse(waiting=event.to_proto())
        case Started():
            return pb.EmbedTextsResponse(started=event.to_proto())
        case Embedding(index, vector, token_count, is_truncated):
            embedding = pb.Embedding(
                index=index, vector=vector, token_count=token_count, is_truncated=is_truncated
            )
            return pb.EmbedTextsResponse(embedding=embedding)
        case EmbedUsage(token_count, token_count_max):
            summary = pb.EmbeddingSummary(
                text_count=text_count, token_count=token_count, token_count_max=token_count_max
            )
            return pb.EmbedTextsResponse(summary=summary)
