"""The way of texts through the models: what detects their languages, and what translates them."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field

from brickwork_sdk.caller import Caller
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_translate.engine import (
    Detected,
    DetectedLanguages,
    DetectRequest,
    Progress,
    Term,
    TranslateRequest,
    Translation,
)
from brickwork_translate.languages import AUTO
from brickwork_translate.metrics import CHARACTERS
from brickwork_translate.pairs import Pairs
from brickwork_translate.sources import Item, Outcome, settle

Event = Waiting | Started | tuple[Item, Translation]


@dataclass
class Course:
    """One caller's way, which may bring texts more than once.

    Attributes:
        slots: the models.
        pairs: what they translate.
        caller: on whose behalf.
        source: language of the texts, or auto.
        target: the wanted language.
        glossary: terms with a translation of their own.
    """

    slots: Slots
    pairs: Pairs
    caller: Caller
    source: str
    target: str
    glossary: tuple[Term, ...]
    _heard: "Counter[str]" = field(default_factory=Counter)

    async def translate(self, texts: Sequence[str]) -> AsyncGenerator[Event, None]:
        """Yield waits and starts, and for each text, in order, what became of it.

        Raises:
            InvalidInput: LANGUAGE_PAIR_UNAVAILABLE, the language was detected and nothing can be
                translated.
            BrickworkError: why there is no model, or what it raised.
        """
        if self.source == AUTO:
            detected: list[Detected] = []
            async with aclosing(self._detect(texts, detected)) as waits:
                async for wait in waits:
                    yield wait
            items = settle(texts, detected, self.target, self.pairs, self._heard)
            self._require_something(items)
        else:
            model = self.pairs.model(self.source, self.target)
            items = [Item(text, Outcome.TRANSLATED, self.source, model) for text in texts]
        async with aclosing(self._in_order(items)) as events:
            async for event in events:
                yield event

    async def _detect(
        self, texts: Sequence[str], found: list[Detected]
    ) -> AsyncGenerator[Waiting | Started, None]:
        assert self.pairs.detector is not None, "the border has seen to it"
        request = DetectRequest(tuple(texts))
        events = self.slots.run(
            self.pairs.detector, self.caller, "detect", request, (DetectedLanguages,)
        )
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, DetectedLanguages):
                    found += event.languages
                else:
                    yield event

    def _require_something(self, items: Sequence[Item]) -> None:
        outcomes = {item.outcome for item in items}
        if Outcome.NO_PAIR in outcomes and outcomes <= {Outcome.NO_PAIR, Outcome.NO_LANGUAGE}:
            source = next(item.source for item in items if item.outcome is Outcome.NO_PAIR)
            raise self.pairs.unavailable(source, self.target)

    async def _in_order(self, items: Sequence[Item]) -> AsyncGenerator[Event, None]:
        """Run one call for each language, side by side, and read from each what is next."""
        async with AsyncExitStack() as leaving:
            calls = self._calls(items)
            for call in calls.values():
                await leaving.enter_async_context(aclosing(call))
            for item in items:
                if item.model is None:
                    yield item, Translation(0, item.text)
                    continue
                async for event in calls[item.source]:
                    yield event
                    if not isinstance(event, Waiting | Started):
                        break
            for call in calls.values():
                async for event in call:
                    yield event

    def _calls(self, items: Sequence[Item]) -> dict[str, AsyncGenerator[Event, None]]:
        """Prepare a call for each language; for one that was named also without any text."""
        by_language: dict[str, list[Item]] = {} if self.source == AUTO else {self.source: []}
        for item in items:
            if item.model is not None:
                by_language.setdefault(item.source, []).append(item)
        return {source: self._call(source, own) for source, own in by_language.items()}

    async def _call(self, source: str, items: Sequence[Item]) -> AsyncGenerator[Event, None]:
        model = self.pairs.model(source, self.target)
        assert model is not None, "its pair was looked up before"
        texts = tuple(item.text for item in items)
        request = TranslateRequest(texts, source, self.target, self.glossary)
        events = self.slots.run(model, self.caller, "translate", request, (Translation, Progress))
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, Translation):
                    CHARACTERS.labels(model).inc(len(items[event.index].text))
                    yield items[event.index], event
                elif not isinstance(event, Progress):
                    yield event
