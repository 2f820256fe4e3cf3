"""DiarizeService: between the wire and the engine."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.common.v1 import common_pb2
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork_diarize.engine import (
    SPEAKER_COUNT_MAX,
    DiarizeEvent,
    DiarizeRequest,
    Progress,
    RecordingEnd,
    Turn,
)
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.intake import Intake
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_sdk.telemetry.media import MediaMeter

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = diarize_pb2.DESCRIPTOR.services_by_name["DiarizeService"].full_name

Response = diarize_pb2.DiarizeRecordingResponse

_EVENTS: tuple[type[DiarizeEvent], ...] = (Progress, Turn, RecordingEnd)


class DiarizeServicer(diarize_pb2_grpc.DiarizeServiceServicer):
    """Tells the speakers of recordings apart."""

    def __init__(self, slots: Slots, objects: ObjectStore) -> None:
        self._slots = slots
        self._intake = Intake(objects)

    async def DiarizeRecording(
        self, request: diarize_pb2.DiarizeRecordingRequest, context: "Context"
    ) -> AsyncGenerator[Response, None]:
        """Stream progress, then the turns of a recording, then one summary."""
        meter = MediaMeter(self._slots.named(request.model).entry.name)
        speaker_count = _speaker_count(request)
        audio = await self._intake.recording(request.media, needs="audio")
        order = DiarizeRequest(audio, speaker_count)
        events = self._slots.run(request.model, current_caller.get(), "diarize", order, _EVENTS)
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, Progress):
                    meter.reaches(event.done_ms)
                yield _response(event)


def _speaker_count(request: diarize_pb2.DiarizeRecordingRequest) -> int | None:
    if not request.HasField("speaker_count"):
        return None
    if not 1 <= request.speaker_count <= SPEAKER_COUNT_MAX:
        raise InvalidInput(
            Reason.SPEAKER_COUNT_INVALID,
            f"The number of speakers lies between 1 and {SPEAKER_COUNT_MAX}.",
            metadata={"speaker_count": str(request.speaker_count)},
        )
    return request.speaker_count


def _response(event: Waiting | Started | DiarizeEvent) -> Response:
    match event:
        case Waiting():
            return Response(waiting=event.to_proto())
        case Started():
            return Response(started=event.to_proto())
        case Progress(done_ms, total_ms):
            progress = common_pb2.Progress(
                done=done_ms, total=total_ms, unit=common_pb2.PROGRESS_UNIT_MEDIA_MS
            )
            return Response(progress=progress)
        case Turn(start_ms, end_ms, speaker):
            turn = diarize_pb2.Turn(start_ms=start_ms, end_ms=end_ms, speaker=speaker)
            return Response(turn=turn)
        case RecordingEnd(speaker_count, duration_ms):
            summary = diarize_pb2.DiarizationSummary(
                speaker_count=speaker_count, duration_ms=duration_ms
            )
            return Response(summary=summary)
