"""The asr brick over real gRPC, with an engine that is scripted."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1 import common_pb2
from brickwork_asr.__main__ import register
from brickwork_asr.settings import AsrSettings
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import slide, tone, write_recording

CALL_SECONDS = 60.0


@pytest.fixture
async def asr(tmp_path: Path) -> AsyncIterator["asr_pb2_grpc.AsrServiceAsyncStub"]:
    async with served_brick("brickwork_asr", AsrSettings, register, tmp_path) as channel:
        yield asr_pb2_grpc.AsrServiceStub(channel)


@pytest.fixture
def recording(tmp_path: Path) -> common_pb2.Media:
    path = write_recording(tmp_path / "tone.flac", tone(6.0))
    return common_pb2.Media(inline=path.read_bytes())


async def transcribe(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", request: asr_pb2.TranscribeRecordingRequest
) -> list[asr_pb2.TranscribeRecordingResponse]:
    return [event async for event in asr.TranscribeRecording(request, timeout=CALL_SECONDS)]


async def refusal(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", request: asr_pb2.TranscribeRecordingRequest
) -> Reason:
    with pytest.raises(grpc.RpcError) as caught:
        await transcribe(asr, request)
    return error_from_rpc(caught.value).reason


async def test_segments_come_in_order_with_start_progress_and_summary(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", recording: common_pb2.Media
) -> None:
    events = await transcribe(asr, asr_pb2.TranscribeRecordingRequest(media=recording))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[-1] == "summary"
    assert kinds.count("started") == 1
    assert kinds.index("started") < kinds.index("segment")
    segments = [event.segment for event in events if event.HasField("segment")]
    assert [segment.start_ms for segment in segments] == [0, 2000, 4000]
    assert events[-1].summary.segment_count == 3
    assert events[-1].summary.language == "en"
    assert events[-1].summary.duration_ms == 6000


async def test_a_call_resumes_where_it_is_told_to(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", recording: common_pb2.Media
) -> None:
    request = asr_pb2.TranscribeRecordingRequest(media=recording, start_ms=4000)
    events = await transcribe(asr, request)
    segments = [event.segment for event in events if event.HasField("segment")]
    assert [segment.start_ms for segment in segments] == [4000]


async def test_the_language_is_told(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", recording: common_pb2.Media
) -> None:
    request = asr_pb2.DetectLanguageRequest(media=recording)
    answer = await asr.DetectLanguage(request, timeout=CALL_SECONDS)
    assert (answer.language, answer.model.name) == ("en", "whisper-base")


async def test_bad_requests_are_refused_with_their_reason(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", recording: common_pb2.Media, tmp_path: Path
) -> None:
    silent = write_recording(tmp_path / "silent.mp4", slides=[slide(9)] * 5).read_bytes()
    request = asr_pb2.TranscribeRecordingRequest
    missing = common_pb2.ObjectRef(sha256="0" * 64)
    cases = {
        Reason.MEDIA_MISSING: request(),
        Reason.MEDIA_UNREADABLE: request(media=common_pb2.Media(inline=b"noise" * 99)),
        Reason.MEDIA_TOO_LARGE: request(media=common_pb2.Media(inline=bytes(2**20 + 1))),
        Reason.NO_AUDIO_STREAM: request(media=common_pb2.Media(inline=silent)),
        Reason.OBJECT_MISSING: request(media=common_pb2.Media(object=missing)),
        Reason.LANGUAGE_UNKNOWN: request(media=recording, language="klingon"),
        Reason.MODEL_UNKNOWN: request(media=recording, model="whisper-huge"),
        Reason.ARGUMENT_INVALID: request(media=recording, start_ms=-1),
    }
    assert {reason: await refusal(asr, case) for reason, case in cases.items()} == {
        reason: reason for reason in cases
    }
