"""TranslateService: between the wire and the engines."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.caller import Caller, WorkClass, current_caller
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_translate.answers import translation_message
from brickwork_translate.border import glossary_of, require_size
from brickwork_translate.course import Course
from brickwork_translate.live import LiveTranslator
from brickwork_translate.pairs import Pairs, require_code

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = translate_pb2.DESCRIPTOR.services_by_name["TranslateService"].full_name

Response = translate_pb2.TranslateTextsResponse


class TranslateServicer(translate_pb2_grpc.TranslateServiceServicer):
    """Translates between the pairs of its models."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._pairs = Pairs(slot.entry for slot in slots.by_name.values())
        self._live = LiveTranslator(slots, self._pairs)

    async def TranslateTexts(
        self, request: translate_pb2.TranslateTextsRequest, context: "Context"
    ) -> AsyncGenerator[Response, None]:
        """Stream the translations in the order of the texts."""
        require_size(request.texts)
        glossary = glossary_of(request.glossary)
        self._pairs.require(request.source_language, request.target_language)
        course = Course(
            self._slots,
            self._pairs,
            current_caller.get(),
            request.source_language,
            request.target_language,
            glossary,
        )
        index = 0
        async with aclosing(course.translate(request.texts)) as events:
            async for event in events:
                match event:
                    case Waiting():
                        yield Response(waiting=event.to_proto())
                    case Started():
                        yield Response(started=event.to_proto())
                    case (item, translation):
                        yield Response(translation=translation_message(index, item, translation))
                        index += 1
        yield Response(summary=translate_pb2.TranslationSummary(text_count=index))

    async def TranslateLiveText(
        self,
        request_iterator: AsyncIterator[translate_pb2.TranslateLiveTextRequest],
        context: "Context",
    ) -> AsyncGenerator[translate_pb2.TranslateLiveTextResponse, None]:
        """Stream the translations of texts that are still being said."""
        # Somebody reads along: unless the caller says otherwise, other texts wait for them.
        metadata = context.invocation_metadata() or ()
        caller = Caller.from_metadata(metadata, WorkClass.INTERACTIVE)
        async with aclosing(self._live.translate(request_iterator, caller)) as answers:
            async for answer in answers:
                yield answer

    async def ListLanguagePairs(
        self, request: translate_pb2.ListLanguagePairsRequest, context: "Context"
    ) -> translate_pb2.ListLanguagePairsResponse:
        """List the pairs in order of source and target."""
        codes = {
            "source_language": request.source_language,
            "target_language": request.target_language,
        }
        for field, code in codes.items():
            if code:
                require_code(field, code)
        pairs = [
            translate_pb2.LanguagePair(source_language=source, target_language=target, model=model)
            for (source, target), model in self._pairs.listed(*codes.values())
        ]
        return translate_pb2.ListLanguagePairsResponse(pairs=pairs)
