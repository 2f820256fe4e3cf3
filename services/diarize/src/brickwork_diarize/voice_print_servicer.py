"""VoicePrintService: voices that a tenant knows by name."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from brickwork.common.v1 import common_pb2
from brickwork.diarize.v1 import voice_prints_pb2, voice_prints_pb2_grpc
from brickwork_diarize.matching import SIMILARITY_MIN, best_match, match_to_proto
from brickwork_diarize.sample import Heard, Sampler
from brickwork_diarize.voice_print import (
    NAME_LENGTH_MAX,
    PURPOSE_LENGTH_MAX,
    Consent,
    VoicePrint,
)
from brickwork_diarize.voice_print_store import VoicePrintStore
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = voice_prints_pb2.DESCRIPTOR.services_by_name["VoicePrintService"].full_name

SHARE_MIN = 0.8
"""A sample in which less of the speech is one voice's says too little of whom it shows."""
_CLOCKS_APART = timedelta(minutes=1)
"""How far the clock of a caller may be ahead."""


class VoicePrintServicer(voice_prints_pb2_grpc.VoicePrintServiceServicer):
    """Enrols, recognises, lists and forgets voices.

    Args:
        sampler: hears the voice of a request.
        store: where voice prints are kept; None where the brick has no folder for them.
    """

    def __init__(self, sampler: Sampler, store: VoicePrintStore | None) -> None:
        self._sampler = sampler
        self._store = store

    async def EnrolVoicePrint(
        self, request: voice_prints_pb2.EnrolVoicePrintRequest, context: "Context"
    ) -> voice_prints_pb2.EnrolVoicePrintResponse:
        """Keep the voice of a person who agreed."""
        store, now = require_store(self._store), datetime.now(UTC)
        name, consent = _text(request.name, "name", NAME_LENGTH_MAX), _consent(request, now)
        heard = await self._sampler.hear(request.sample)
        _require_one_voice(heard)
        made = VoicePrint(
            voice_print_id=uuid.uuid4().hex,
            name=name,
            consent=consent,
            model=heard.model.name,
            model_digest=heard.model.digest,
            vector=heard.voice.vector,
            speech_ms=heard.voice.speech_ms,
            enrolled=now,
        )
        await asyncio.to_thread(store.enrol, current_caller.get().tenant, made)
        return voice_prints_pb2.EnrolVoicePrintResponse(voice_print=_to_proto(made))

    async def MatchVoice(
        self, request: voice_prints_pb2.MatchVoiceRequest, context: "Context"
    ) -> voice_prints_pb2.MatchVoiceResponse:
        """Tell whose voice it is."""
        store, tenant = require_store(self._store), current_caller.get().tenant
        heard = await self._sampler.hear(request.sample)
        known = await asyncio.to_thread(store.of, tenant)
        comparable = [each for each in known if each.model_digest == heard.model.digest]
        match = best_match(heard.voice.vector, comparable)
        ids = [match.voice_print.voice_print_id] if match else []
        await asyncio.to_thread(store.note_match, tenant, ids, len(comparable))
        return voice_prints_pb2.MatchVoiceResponse(
            match=match_to_proto(match) if match else None,
            min_similarity=SIMILARITY_MIN,
            compared_count=len(comparable),
            other_model_count=len(known) - len(comparable),
        )

    async def ListVoicePrints(
        self, request: voice_prints_pb2.ListVoicePrintsRequest, context: "Context"
    ) -> voice_prints_pb2.ListVoicePrintsResponse:
        """List the voice prints of the caller's tenant."""
        store, tenant = require_store(self._store), current_caller.get().tenant
        known = await asyncio.to_thread(store.of, tenant)
        return voice_prints_pb2.ListVoicePrintsResponse(
            voice_prints=[_to_proto(each) for each in known]
        )

    async def ForgetVoicePrint(
        self, request: voice_prints_pb2.ForgetVoicePrintRequest, context: "Context"
    ) -> voice_prints_pb2.ForgetVoicePrintResponse:
        """Delete a voice print."""
        store, tenant = require_store(self._store), current_caller.get().tenant
        why = _text(request.reason or "Asked for.", "reason", NAME_LENGTH_MAX)
        await asyncio.to_thread(store.forget, tenant, request.voice_print_id, why)
        return voice_prints_pb2.ForgetVoicePrintResponse()


def require_store(store: VoicePrintStore | None) -> VoicePrintStore:
    """Return the store, if there is one.

    Raises:
        NotPossible: VOICE_PRINTS_OFF.
    """
    if store is None:
        raise NotPossible(
            Reason.VOICE_PRINTS_OFF,
            "This brick keeps no voice prints; its setting STATE_DIR names a folder for them.",
        )
    return store


def _consent(request: voice_prints_pb2.EnrolVoicePrintRequest, now: datetime) -> Consent:
    asked = request.consent
    try:
        return Consent(
            given_by=_text(asked.given_by, "given_by", NAME_LENGTH_MAX),
            given=_time(asked, "given_time", earliest=None, latest=now + _CLOCKS_APART),
            purpose=_text(asked.purpose, "purpose", PURPOSE_LENGTH_MAX),
            expires=_time(asked, "expire_time", earliest=now, latest=None),
        )
    except InvalidInput as error:
        raise InvalidInput(
            Reason.CONSENT_INVALID,
            "A consent says who gave it, when, what for and until when, and has not ended.",
            metadata=error.metadata,
        ) from error


def _time(
    consent: voice_prints_pb2.Consent,
    field: str,
    *,
    earliest: datetime | None,
    latest: datetime | None,
) -> datetime:
    wrong = InvalidInput(
        Reason.ARGUMENT_INVALID, f"The {field} is no such time.", metadata={"field": field}
    )
    if not consent.HasField(field):  # type: ignore[arg-type]  # one of two literals
        raise wrong
    try:
        time: datetime = getattr(consent, field).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if (earliest and time <= earliest) or (latest and time > latest):
        raise wrong
    return time


def _text(text: str, field: str, length_max: int) -> str:
    text = text.strip()
    if not 1 <= len(text) <= length_max or not text.isprintable():
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"The field {field} takes 1 to {length_max} characters on one line.",
            metadata={"field": field, "length_max": str(length_max)},
        )
    return text


def _require_one_voice(heard: Heard) -> None:
    if heard.voice.share < SHARE_MIN:
        raise InvalidInput(
            Reason.VOICE_MIXED,
            f"Only {heard.voice.share:.0%} of the speech is one voice's; {SHARE_MIN:.0%} must be.",
            metadata={"share": f"{heard.voice.share:.2f}", "share_min": f"{SHARE_MIN:.2f}"},
        )


def _to_proto(made: VoicePrint) -> voice_prints_pb2.VoicePrint:
    consent = made.consent
    return voice_prints_pb2.VoicePrint(
        voice_print_id=made.voice_print_id,
        name=made.name,
        consent=voice_prints_pb2.Consent(
            given_by=consent.given_by,
            given_time=_stamp(consent.given),
            purpose=consent.purpose,
            expire_time=_stamp(consent.expires),
        ),
        model=common_pb2.ModelInfo(name=made.model, digest=made.model_digest),
        speech_ms=made.speech_ms,
        create_time=_stamp(made.enrolled),
    )


def _stamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
