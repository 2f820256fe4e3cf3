"""DiarizeService: between the wire and the engine."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.common.v1 import common_pb2
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork_diarize.engine import (
    SPEAKER_COUNT_MAX,
    DiarizeEvent,
    DiarizeRequest,
    Material,
    Progress,
    RecordingEnd,
    SpeakerVoice,
    Turn,
)
from brickwork_diarize.matching import Match, match_to_proto, name_speakers
from brickwork_diarize.sample import Sampler
from brickwork_diarize.voice_print_servicer import require_store
from brickwork_diarize.voice_print_store import VoicePrintStore
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.intake import Intake
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_sdk.telemetry.media import MediaMeter

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = diarize_pb2.DESCRIPTOR.services_by_name["DiarizeService"].full_name

Response = diarize_pb2.DiarizeRecordingResponse

_EVENTS: tuple[type[DiarizeEvent], ...] = (Progress, Turn, SpeakerVoice, RecordingEnd)
_MATERIALS: Mapping[int, Material] = {
    diarize_pb2.MATERIAL_UNSPECIFIED: Material.MEETING,
    diarize_pb2.MATERIAL_MEETING: Material.MEETING,
    diarize_pb2.MATERIAL_EDITED: Material.EDITED,
}


class DiarizeServicer(diarize_pb2_grpc.DiarizeServiceServicer):
    """Tells the speakers of recordings apart.

    Args:
        slots: the models.
        intake: takes in the recordings.
        sampler: hears the voice of a request.
        store: where voice prints are kept; None where the brick has no folder for them.
    """

    def __init__(
        self, slots: Slots, intake: Intake, sampler: Sampler, store: VoicePrintStore | None
    ) -> None:
        self._slots = slots
        self._intake = intake
        self._sampler = sampler
        self._store = store

    async def DiarizeRecording(
        self, request: diarize_pb2.DiarizeRecordingRequest, context: "Context"
    ) -> AsyncGenerator[Response, None]:
        """Stream progress, then the turns of a recording, then one summary."""
        slot = self._slots.named(request.model)
        meter = MediaMeter(slot.entry.name)
        least, most = _speaker_counts(request)
        material = _material(request)
        if request.match_voice_prints:
            require_store(self._store)
        audio = await self._intake.recording(request.media, needs="audio")
        order = DiarizeRequest(audio, least, most, material, request.match_voice_prints)
        events = self._slots.run(request.model, current_caller.get(), "diarize", order, _EVENTS)
        vectors: dict[str, tuple[float, ...]] = {}
        digest = ""
        async with aclosing(events) as steps:
            async for event in steps:
                match event:
                    case SpeakerVoice(speaker, vector):
                        vectors[speaker] = vector
                        continue
                    case Started(model):
                        digest = model.digest
                    case Progress(done_ms):
                        meter.reaches(done_ms)
                response = _response(event)
                if isinstance(event, RecordingEnd) and request.match_voice_prints:
                    known = await self._known_speakers(vectors, digest)
                    response.summary.known_speakers.extend(known)
                yield response

    async def EmbedSpeaker(
        self, request: diarize_pb2.EmbedSpeakerRequest, context: "Context"
    ) -> diarize_pb2.EmbedSpeakerResponse:
        """Describe the voice that is heard most."""
        heard = await self._sampler.hear(request)
        return diarize_pb2.EmbedSpeakerResponse(
            vector=heard.voice.vector,
            model=heard.model,
            speech_ms=heard.voice.speech_ms,
            share=heard.voice.share,
        )

    async def _known_speakers(
        self, vectors: Mapping[str, tuple[float, ...]], digest: str
    ) -> list[diarize_pb2.KnownSpeaker]:
        """Name the speakers whose voice prints the caller's tenant has."""
        store, tenant = require_store(self._store), current_caller.get().tenant
        prints = await asyncio.to_thread(store.of, tenant)
        comparable = [each for each in prints if each.model_digest == digest]
        found = name_speakers(vectors, comparable)
        ids = [match.voice_print.voice_print_id for match in found.values()]
        await asyncio.to_thread(store.note_match, tenant, ids, len(comparable))
        return [_known(speaker, found[speaker]) for speaker in vectors if speaker in found]


def _speaker_counts(request: diarize_pb2.DiarizeRecordingRequest) -> tuple[int, int | None]:
    """Return the least and the greatest number of speakers."""
    given = [
        name
        for name in ("speaker_count", "min_speaker_count", "max_speaker_count")
        if request.HasField(name)
    ]
    if any(not 1 <= getattr(request, name) <= SPEAKER_COUNT_MAX for name in given):
        raise _counts_invalid(f"The number of speakers lies between 1 and {SPEAKER_COUNT_MAX}.")
    if "speaker_count" in given:
        if len(given) > 1:
            raise _counts_invalid("A known number of speakers has no least or greatest beside it.")
        return request.speaker_count, request.speaker_count
    least = request.min_speaker_count if "min_speaker_count" in given else 1
    most = request.max_speaker_count if "max_speaker_count" in given else None
    if most is not None and least > most:
        raise _counts_invalid("The least number of speakers is above the greatest.")
    return least, most


def _counts_invalid(message: str) -> InvalidInput:
    return InvalidInput(Reason.SPEAKER_COUNT_INVALID, message)


def _material(request: diarize_pb2.DiarizeRecordingRequest) -> Material:
    if request.material not in _MATERIALS:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            "There is no such kind of material.",
            metadata={"field": "material"},
        )
    return _MATERIALS[request.material]


def _known(speaker: str, match: Match) -> diarize_pb2.KnownSpeaker:
    return diarize_pb2.KnownSpeaker(speaker=speaker, match=match_to_proto(match))


def _response(event: Waiting | Started | Progress | Turn | RecordingEnd) -> Response:
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
