"""TranslateService: between the wire and the engine."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_translate.engine import (
    TEXT_BYTES_MAX,
    TEXT_COUNT_MAX,
    Progress,
    TranslateRequest,
    Translation,
)
from brickwork_translate.languages import LANGUAGE_CODES
from brickwork_translate.metrics import CHARACTERS

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = translate_pb2.DESCRIPTOR.services_by_name["TranslateService"].full_name

Response = translate_pb2.TranslateTextsResponse


class TranslateServicer(translate_pb2_grpc.TranslateServiceServicer):
    """Translates between the pairs of its models, each of which holds one direction.

    The languages of a model's catalogue entry are its source and its target.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._models = {
            (slot.entry.languages[0], slot.entry.languages[1]): name
            for name, slot in slots.by_name.items()
        }

    async def TranslateTexts(
        self, request: translate_pb2.TranslateTextsRequest, context: "Context"
    ) -> AsyncGenerator[Response, None]:
        """Stream the translations in the order of the texts."""
        _require_size(request.texts)
        model = self._model(request.source_language, request.target_language)
        order = TranslateRequest(tuple(request.texts))
        events = self._slots.run(
            model, current_caller.get(), "translate", order, (Translation, Progress)
        )
        async with aclosing(events) as steps:
            async for event in steps:
                match event:
                    case Waiting():
                        yield Response(waiting=event.to_proto())
                    case Started():
                        yield Response(started=event.to_proto())
                    case Translation():
                        CHARACTERS.labels(model).inc(len(request.texts[event.index]))
                        translation = translate_pb2.Translation(index=event.index, text=event.text)
                        yield Response(translation=translation)
        yield Response(summary=translate_pb2.TranslationSummary(text_count=len(request.texts)))

    async def ListLanguagePairs(
        self, request: translate_pb2.ListLanguagePairsRequest, context: "Context"
    ) -> translate_pb2.ListLanguagePairsResponse:
        """List the pairs in order of source and target."""
        pairs = [
            translate_pb2.LanguagePair(source_language=source, target_language=target, model=model)
            for (source, target), model in sorted(self._models.items())
        ]
        return translate_pb2.ListLanguagePairsResponse(pairs=pairs)

    def _model(self, source: str, target: str) -> str:
        for field, code in (("source_language", source), ("target_language", target)):
            if code not in LANGUAGE_CODES:
                raise InvalidInput(
                    Reason.LANGUAGE_UNKNOWN,
                    f"{field} is no language code of ISO 639-1, such as en or pt.",
                    metadata={"field": field, "language": code[:32]},
                )
        if source == target:
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"The texts are in {source} already; there is nothing to translate.",
                metadata={"field": "target_language"},
            )
        model = self._models.get((source, target))
        if model is None:
            pairs = ", ".join(f"{one} to {other}" for one, other in sorted(self._models))
            raise InvalidInput(
                Reason.LANGUAGE_PAIR_UNAVAILABLE,
                f"There is no model from {source} to {target} here; there are: {pairs}.",
                metadata={"source": source, "target": target, "pairs": pairs},
            )
        return model


def _require_size(texts: Sequence[str]) -> None:
    size_bytes = sum(len(text.encode()) for text in texts)
    if len(texts) > TEXT_COUNT_MAX or size_bytes > TEXT_BYTES_MAX:
        raise InvalidInput(
            Reason.TEXT_TOO_LONG,
            f"{len(texts):,} texts of {size_bytes:,} bytes are too much for one call; "
            f"it takes {TEXT_COUNT_MAX:,} texts and {TEXT_BYTES_MAX:,} bytes.",
            metadata={"text_count_max": str(TEXT_COUNT_MAX), "bytes_max": str(TEXT_BYTES_MAX)},
        )
