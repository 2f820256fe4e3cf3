"""The way from a request that brings a voice to that voice."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from brickwork.common.v1 import common_pb2
from brickwork.diarize.v1 import diarize_pb2
from brickwork_diarize.engine import (
    SPANS_MAX,
    SPANS_MS_MAX,
    EmbedEvent,
    EmbedRequest,
    Progress,
    Span,
    Voice,
)
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import EngineFailed, InvalidInput, Reason
from brickwork_sdk.intake import Intake
from brickwork_sdk.media.limits import DURATION_MS_MAX
from brickwork_sdk.slots import Slots, model_info

_EVENTS: tuple[type[EmbedEvent], ...] = (Progress, Voice)


@dataclass(frozen=True)
class Heard:
    """A voice, and the model that describes it."""

    voice: Voice
    model: common_pb2.ModelInfo


class Sampler:
    """Hears the voice that a request brings."""

    def __init__(self, slots: Slots, intake: Intake) -> None:
        self._slots = slots
        self._intake = intake

    async def hear(self, request: diarize_pb2.EmbedSpeakerRequest) -> Heard:
        """Return the voice that is heard most.

        Raises:
            InvalidInput: ARGUMENT_INVALID (spans), NO_SPEECH, SPEECH_TOO_SHORT, and those of
                `Intake.recording`.
            NotPossible: MODEL_CANNOT.
            BrickworkError: those of `Slots.run`.
        """
        slot = self._slots.named(request.model)
        spans = _spans(request.spans)
        order = EmbedRequest(await self._intake.recording(request.media, needs="audio"), spans)
        events = self._slots.run(
            request.model, current_caller.get(), "embed_speaker", order, _EVENTS
        )
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, Voice):
                    return Heard(event, model_info(slot))
        raise EngineFailed(Reason.ENGINE_FAILED, "The engine described no voice.")


def _spans(asked: Sequence[diarize_pb2.TimeSpan]) -> tuple[Span, ...]:
    if len(asked) > SPANS_MAX:
        raise _invalid(f"There may be {SPANS_MAX:,} spans at most.")
    heard_ms = end_ms = 0
    for span in asked:
        if not end_ms <= span.start_ms < span.end_ms <= DURATION_MS_MAX:
            raise _invalid("Spans begin before they end, and follow each other without overlap.")
        end_ms = span.end_ms
        heard_ms += span.end_ms - span.start_ms
    if heard_ms > SPANS_MS_MAX:
        raise _invalid(f"All spans together may last {SPANS_MS_MAX:,} ms at most.")
    return tuple(Span(span.start_ms, span.end_ms) for span in asked)


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(Reason.ARGUMENT_INVALID, message, metadata={"field": "spans"})
