"""Translation of texts as they come: a config, then texts, in one stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress

from brickwork.translate.v1 import translate_pb2
from brickwork_sdk.caller import Caller
from brickwork_sdk.errors import BrickworkError, DeadlineExceeded, InvalidInput, Reason
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_translate.answers import translation_message
from brickwork_translate.border import glossary_of, require_live
from brickwork_translate.course import Course
from brickwork_translate.live_inbox import SILENCE_SECONDS_MAX, LiveInbox, LiveItem
from brickwork_translate.pairs import Pairs

AT_ONCE = 8
"""Texts in a call of the model: what is taken can no longer be replaced by a newer one."""

Request = translate_pb2.TranslateLiveTextRequest
Response = translate_pb2.TranslateLiveTextResponse


class LiveTranslator:
    """Translates live texts; between them the model is in nobody's way, and may be unloaded."""

    def __init__(self, slots: Slots, pairs: Pairs) -> None:
        self._slots = slots
        self._pairs = pairs

    async def translate(
        self, requests: AsyncIterator[Request], caller: Caller
    ) -> AsyncGenerator[Response, None]:
        """Yield waits and one start for each model, translations in order, and a summary.

        Raises:
            BrickworkError: what is wrong with the stream, or why there is no model.
        """
        course = await self._begin(requests, caller)
        inbox = LiveInbox()
        reading = asyncio.create_task(_read(requests, inbox))
        count, known = 0, set[str]()
        try:
            while items := await inbox.take(AT_ONCE):
                async with aclosing(_answered(course, items, known)) as answers:
                    async for answer in answers:
                        yield answer
                count += len(items)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        yield Response(summary=translate_pb2.TranslationSummary(text_count=count))

    async def _begin(self, requests: AsyncIterator[Request], caller: Caller) -> Course:
        try:
            async with asyncio.timeout(SILENCE_SECONDS_MAX):
                first = await anext(requests, Request())
        except TimeoutError:
            raise DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED, f"No config came for {SILENCE_SECONDS_MAX:.0f} s."
            ) from None
        if first.WhichOneof("message") != "config":
            raise _disordered("A stream of live texts begins with its config.")
        config = first.config
        glossary = glossary_of(config.glossary)
        self._pairs.require(config.source_language, config.target_language)
        return Course(
            self._slots,
            self._pairs,
            caller,
            config.source_language,
            config.target_language,
            glossary,
        )


async def _answered(
    course: Course, items: Sequence[LiveItem], known: set[str]
) -> AsyncGenerator[Response, None]:
    """Translate some texts; a model that has started before is not told again."""
    left = iter(items)
    async with aclosing(course.translate([item.text for item in items])) as events:
        async for event in events:
            match event:
                case Waiting():
                    yield Response(waiting=event.to_proto())
                case Started():
                    if event.model.name not in known:
                        known.add(event.model.name)
                        yield Response(started=event.to_proto())
                case (item, translation):
                    live = next(left)
                    message = translation_message(live.index, item, translation)
                    told = translate_pb2.LiveTranslation(id=live.id, translation=message)
                    yield Response(translation=told)


async def _read(requests: AsyncIterator[Request], inbox: LiveInbox) -> None:
    """Put the texts of a stream into the inbox until it ends, well or not."""
    index, error = 0, None
    try:
        async for request in requests:
            if request.WhichOneof("message") != "text":
                raise _disordered("After its config a stream of live texts holds texts only.")
            require_live(request.text)
            await inbox.put(LiveItem(index, request.text.id, request.text.text))
            index += 1
    except BrickworkError as raised:
        error = raised
    await inbox.end(error)


def _disordered(sentence: str) -> InvalidInput:
    return InvalidInput(Reason.STREAM_ORDER_INVALID, sentence)
