"""AsrService: between the wire and the engine."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1 import common_pb2
from brickwork_asr.answers import Tally, segment_message
from brickwork_asr.engine import (
    Language,
    LanguageRequest,
    Progress,
    Segment,
)
from brickwork_asr.live_servicer import LiveTranscriber
from brickwork_asr.live_source import SILENT_SECONDS_MAX
from brickwork_asr.orders import require_valid, transcribe_order
from brickwork_sdk.caller import Caller, WorkClass, current_caller
from brickwork_sdk.errors import EngineFailed, Reason
from brickwork_sdk.intake import Intake
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots, Started, Waiting, model_info
from brickwork_sdk.telemetry.media import MediaMeter

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = asr_pb2.DESCRIPTOR.services_by_name["AsrService"].full_name

Response = asr_pb2.TranscribeRecordingResponse


class AsrServicer(asr_pb2_grpc.AsrServiceServicer):
    """Transcribes recordings and live sound.

    Args:
        slots: the models.
        objects: where recordings may lie.
        silent_seconds_max: how long a caller of live sound may send nothing.
    """

    def __init__(
        self, slots: Slots, objects: ObjectStore, silent_seconds_max: float = SILENT_SECONDS_MAX
    ) -> None:
        self._slots = slots
        self._intake = Intake(objects)
        self._live = LiveTranscriber(slots, silent_seconds_max)

    async def TranscribeRecording(
        self, request: asr_pb2.TranscribeRecordingRequest, context: "Context"
    ) -> AsyncGenerator[Response, None]:
        """Stream the segments of a recording."""
        slot = self._slots.named(request.model)
        require_valid(request, slot)
        audio = await self._intake.recording(request.media, needs="audio")
        order = transcribe_order(request, audio)
        tally, meter = Tally(), MediaMeter(slot.entry.name, request.start_ms)
        events = self._slots.run(
            request.model, current_caller.get(), "transcribe", order, (Segment, Progress)
        )
        async with aclosing(events) as steps:
            async for event in steps:
                tally.count(event)
                if isinstance(event, Progress):
                    meter.reaches(event.done_ms)
                yield _response(event)
        yield Response(summary=tally.summary())

    async def DetectLanguage(
        self, request: asr_pb2.DetectLanguageRequest, context: "Context"
    ) -> asr_pb2.DetectLanguageResponse:
        """Tell the language of a recording."""
        slot = self._slots.named(request.model)
        order = LanguageRequest(await self._intake.recording(request.media, needs="audio"))
        events = self._slots.run(
            request.model, current_caller.get(), "detect_language", order, (Language,)
        )
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, Language):
                    return asr_pb2.DetectLanguageResponse(
                        language=event.code, probability=event.probability, model=model_info(slot)
                    )
        raise EngineFailed(Reason.ENGINE_FAILED, "The engine named no language.")

    async def TranscribeLiveAudio(
        self,
        request_iterator: AsyncIterator[asr_pb2.TranscribeLiveAudioRequest],
        context: "Context",
    ) -> AsyncGenerator[asr_pb2.TranscribeLiveAudioResponse, None]:
        """Stream the words of sound while it is made."""
        # Somebody listens: unless the caller says otherwise, recordings wait for them.
        metadata = context.invocation_metadata() or ()
        caller = Caller.from_metadata(metadata, WorkClass.INTERACTIVE)
        async with aclosing(self._live.transcribe(request_iterator, caller)) as answers:
            async for answer in answers:
                yield answer


def _response(event: Waiting | Started | Segment | Progress) -> Response:
    match event:
        case Waiting():
            return Response(waiting=event.to_proto())
        case Started():
            return Response(started=event.to_proto())
        case Progress():
            progress = common_pb2.Progress(
                done=event.done_ms,
                total=event.total_ms,
                unit=common_pb2.PROGRESS_UNIT_MEDIA_MS,
            )
            return Response(progress=progress)
        case Segment():
            return Response(segment=segment_message(event))
