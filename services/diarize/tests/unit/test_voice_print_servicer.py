"""Voices over a real socket: enrolled, recognised, listed and forgotten."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from brickwork.common.v1.common_pb2 import Media
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc, voice_prints_pb2_grpc
from brickwork.diarize.v1 import voice_prints_pb2 as pb
from brickwork_diarize.__main__ import register
from brickwork_diarize.settings import DiarizeSettings
from brickwork_sdk.audit.segments import records_of
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import silence, tone, write_recording

SECONDS = 30.0
NAME, PURPOSE = "Ann Example", "minutes of the board"


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    served = partial(register, state_dir=tmp_path / "state")
    async with served_brick("brickwork_diarize", DiarizeSettings, served, tmp_path) as channel:
        yield channel


@pytest.fixture
async def without_folder(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    async with served_brick("brickwork_diarize", DiarizeSettings, register, tmp_path) as channel:
        yield channel


@pytest.fixture
def media(tmp_path: Path) -> Mapping[str, bytes]:
    sounds = {
        "ann": tone(5.0),
        "bob": np.concatenate([tone(5.0), tone(0.003)]),
        "brief": tone(1.0),
        "silent": silence(5.0),
    }
    return {
        name: write_recording(tmp_path / f"{name}.flac", sound).read_bytes()
        for name, sound in sounds.items()
    }


def stamp(**offset: float) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(datetime.now(UTC) + timedelta(**offset))
    return made


def sample(content: bytes, **fields: Any) -> diarize_pb2.EmbedSpeakerRequest:
    return diarize_pb2.EmbedSpeakerRequest(media=Media(inline=content), **fields)


def consent(**changed: Any) -> pb.Consent:
    whole = {
        "given_by": NAME,
        "given_time": stamp(days=-1),
        "purpose": PURPOSE,
        "expire_time": stamp(days=30),
    }
    return pb.Consent(**{**whole, **changed})


def enrolment(content: bytes, **changed: Any) -> pb.EnrolVoicePrintRequest:
    whole = {"name": NAME, "consent": consent(), "sample": sample(content)}
    return pb.EnrolVoicePrintRequest(**{**whole, **changed})


async def call(channel: grpc.aio.Channel, request: Message, tenant: str = "alpha") -> Any:
    rpc = request.DESCRIPTOR.name.removesuffix("Request")
    voices, speakers = (
        voice_prints_pb2_grpc.VoicePrintServiceStub(channel),
        diarize_pb2_grpc.DiarizeServiceStub(channel),
    )
    metadata = (("brickwork-tenant", tenant),)
    method = getattr(voices, rpc, None) or getattr(speakers, rpc)
    return await method(request, timeout=SECONDS, metadata=metadata)


async def refusal(channel: grpc.aio.Channel, request: Message) -> tuple[Reason, str]:
    with pytest.raises(grpc.RpcError) as caught:
        await call(channel, request)
    error = error_from_rpc(caught.value)
    assert error.message.endswith(".")
    return error.reason, error.metadata.get("field", "")


async def test_a_voice_is_a_vector_of_length_1_of_a_named_model(
    channel: grpc.aio.Channel, media: Mapping[str, bytes]
) -> None:
    heard = await call(channel, sample(media["ann"]))
    assert np.linalg.norm(heard.vector) == pytest.approx(1.0)
    assert (heard.model.name, len(heard.model.digest)) == ("pyannote-ge2e", 64)
    assert 4_000 < heard.speech_ms <= 5_000
    assert heard.share == 1.0
    spans = [diarize_pb2.TimeSpan(start_ms=0, end_ms=3_500)]
    assert (await call(channel, sample(media["ann"], spans=spans))).speech_ms < 3_500


async def test_who_agreed_is_recognised_until_forgotten(
    channel: grpc.aio.Channel, media: Mapping[str, bytes], tmp_path: Path
) -> None:
    nobody = await call(channel, pb.MatchVoiceRequest(sample=sample(media["ann"])))
    assert not nobody.HasField("match")
    enrolled = (await call(channel, enrolment(media["ann"]))).voice_print
    assert (enrolled.name, enrolled.consent.purpose) == (NAME, PURPOSE)
    listed = await call(channel, pb.ListVoicePrintsRequest())
    assert list(listed.voice_prints) == [enrolled]

    same = await call(channel, pb.MatchVoiceRequest(sample=sample(media["ann"])))
    assert (same.match.voice_print_id, same.match.name) == (enrolled.voice_print_id, NAME)
    assert same.match.similarity == pytest.approx(1.0)
    assert same.match.confidence > 0.9
    assert (same.compared_count, same.other_model_count) == (1, 0)
    other = await call(channel, pb.MatchVoiceRequest(sample=sample(media["bob"])))
    assert not other.HasField("match")

    await call(channel, pb.ForgetVoicePrintRequest(voice_print_id=enrolled.voice_print_id))
    after = await call(channel, pb.MatchVoiceRequest(sample=sample(media["ann"])))
    assert (after.HasField("match"), after.compared_count) == (False, 0)
    assert [record.entry.what for record in records_of(tmp_path / "state" / "audit")] == [
        "voice_matched",
        "voice_print_enrolled",
        "voice_matched",
        "voice_matched",
        "voice_print_forgotten",
        "voice_matched",
    ]


async def test_no_tenant_sees_or_forgets_what_another_enrolled(
    channel: grpc.aio.Channel, media: Mapping[str, bytes]
) -> None:
    enrolled = (await call(channel, enrolment(media["ann"]))).voice_print
    asked = pb.MatchVoiceRequest(sample=sample(media["ann"]))
    assert (await call(channel, asked, "beta")).compared_count == 0
    assert not (await call(channel, pb.ListVoicePrintsRequest(), "beta")).voice_prints
    forget = pb.ForgetVoicePrintRequest(voice_print_id=enrolled.voice_print_id)
    with pytest.raises(grpc.RpcError) as caught:
        await call(channel, forget, "beta")
    assert error_from_rpc(caught.value).reason is Reason.VOICE_PRINT_UNKNOWN


async def test_speakers_of_a_recording_are_named_by_their_voice_prints(
    channel: grpc.aio.Channel, media: Mapping[str, bytes], tmp_path: Path
) -> None:
    # The first speaker of every scripted recording has the vector that no loud sample would give.
    exact = tone(5.0)
    loud = int((np.abs(exact) > 0.01).sum())
    exact[np.flatnonzero(np.abs(exact) > 0.01)[: loud % 256]] = 0.0
    content = write_recording(tmp_path / "first.flac", exact).read_bytes()
    enrolled = (await call(channel, enrolment(content))).voice_print
    stub = diarize_pb2_grpc.DiarizeServiceStub(channel)
    request = diarize_pb2.DiarizeRecordingRequest(
        media=Media(inline=media["ann"]), match_voice_prints=True
    )
    metadata = (("brickwork-tenant", "alpha"),)
    events = [each async for each in stub.DiarizeRecording(request, metadata=metadata)]
    (named,) = events[-1].summary.known_speakers
    assert (named.speaker, named.match.voice_print_id) == ("S1", enrolled.voice_print_id)
    request.match_voice_prints = False
    events = [each async for each in stub.DiarizeRecording(request, metadata=metadata)]
    assert not events[-1].summary.known_speakers


async def test_each_bad_request_has_one_reason_and_the_next_is_served(
    channel: grpc.aio.Channel, media: Mapping[str, bytes]
) -> None:
    ann, span = media["ann"], diarize_pb2.TimeSpan
    good = sample(ann)
    far = Timestamp(seconds=2**60)
    cases: list[tuple[Message, Reason, str]] = [
        (diarize_pb2.EmbedSpeakerRequest(), Reason.MEDIA_MISSING, ""),
        (sample(b""), Reason.MEDIA_EMPTY, ""),
        (sample(bytes(2**20 + 1)), Reason.MEDIA_TOO_LARGE, ""),
        (sample(b"noise" * 99), Reason.MEDIA_UNREADABLE, ""),
        (sample(media["silent"]), Reason.NO_SPEECH, ""),
        (sample(media["brief"]), Reason.SPEECH_TOO_SHORT, ""),
        (sample(ann, model="other"), Reason.MODEL_UNKNOWN, ""),
        (sample(ann, spans=[span(start_ms=-1, end_ms=9)]), Reason.ARGUMENT_INVALID, "spans"),
        (sample(ann, spans=[span(start_ms=9, end_ms=9)]), Reason.ARGUMENT_INVALID, "spans"),
        (
            sample(ann, spans=[span(start_ms=0, end_ms=9), span(start_ms=8, end_ms=20)]),
            Reason.ARGUMENT_INVALID,
            "spans",
        ),
        (sample(ann, spans=[span(start_ms=0, end_ms=2**62)]), Reason.ARGUMENT_INVALID, "spans"),
        (
            sample(ann, spans=[span(start_ms=0, end_ms=36_000_000)]),
            Reason.ARGUMENT_INVALID,
            "spans",
        ),
        (
            sample(ann, spans=[span(start_ms=at, end_ms=at + 1) for at in range(1_001)]),
            Reason.ARGUMENT_INVALID,
            "spans",
        ),
        (
            sample(ann, spans=[span(start_ms=36_000_000, end_ms=36_001_000)]),
            Reason.NO_SPEECH,
            "",
        ),
        (pb.EnrolVoicePrintRequest(), Reason.ARGUMENT_INVALID, "name"),
        (enrolment(ann, name=" "), Reason.ARGUMENT_INVALID, "name"),
        (enrolment(ann, name="a" * 201), Reason.ARGUMENT_INVALID, "name"),
        (enrolment(ann, name="two\nlines"), Reason.ARGUMENT_INVALID, "name"),
        (enrolment(ann, consent=None), Reason.CONSENT_INVALID, "given_by"),
        (enrolment(ann, consent=consent(given_by="")), Reason.CONSENT_INVALID, "given_by"),
        (enrolment(ann, consent=consent(purpose="")), Reason.CONSENT_INVALID, "purpose"),
        (enrolment(ann, consent=consent(purpose="p" * 501)), Reason.CONSENT_INVALID, "purpose"),
        (enrolment(ann, consent=consent(given_time=None)), Reason.CONSENT_INVALID, "given_time"),
        (
            enrolment(ann, consent=consent(given_time=stamp(days=1))),
            Reason.CONSENT_INVALID,
            "given_time",
        ),
        (enrolment(ann, consent=consent(expire_time=None)), Reason.CONSENT_INVALID, "expire_time"),
        (
            enrolment(ann, consent=consent(expire_time=stamp(days=-1))),
            Reason.CONSENT_INVALID,
            "expire_time",
        ),
        (enrolment(ann, consent=consent(expire_time=far)), Reason.CONSENT_INVALID, "expire_time"),
        (enrolment(media["silent"]), Reason.NO_SPEECH, ""),
        (enrolment(ann, sample=None), Reason.MEDIA_MISSING, ""),
        (pb.MatchVoiceRequest(), Reason.MEDIA_MISSING, ""),
        (pb.MatchVoiceRequest(sample=sample(media["brief"])), Reason.SPEECH_TOO_SHORT, ""),
        (pb.ForgetVoicePrintRequest(), Reason.VOICE_PRINT_UNKNOWN, ""),
        (
            pb.ForgetVoicePrintRequest(voice_print_id="0" * 32, reason="r" * 201),
            Reason.ARGUMENT_INVALID,
            "reason",
        ),
    ]
    found = [await refusal(channel, request) for request, _, _ in cases]
    assert found == [(reason, field) for _, reason, field in cases]
    assert (await call(channel, good)).share == 1.0
    assert not (await call(channel, pb.ListVoicePrintsRequest())).voice_prints


async def test_a_brick_without_a_folder_says_so_before_it_listens(
    without_folder: grpc.aio.Channel, media: Mapping[str, bytes]
) -> None:
    for request in (
        enrolment(media["ann"]),
        pb.MatchVoiceRequest(sample=sample(media["ann"])),
        pb.ListVoicePrintsRequest(),
        pb.ForgetVoicePrintRequest(voice_print_id="0" * 32),
    ):
        assert (await refusal(without_folder, request))[0] is Reason.VOICE_PRINTS_OFF
    stub = diarize_pb2_grpc.DiarizeServiceStub(without_folder)
    named = diarize_pb2.DiarizeRecordingRequest(
        media=Media(inline=media["ann"]), match_voice_prints=True
    )
    with pytest.raises(grpc.RpcError) as caught:
        [each async for each in stub.DiarizeRecording(named)]
    assert error_from_rpc(caught.value).reason is Reason.VOICE_PRINTS_OFF
    assert (await call(without_folder, sample(media["ann"]))).share == 1.0
