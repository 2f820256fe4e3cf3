"""The brick over a real socket, its scripted engine in a real engine process."""

from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from brickwork.common.v1 import common_pb2
from brickwork.diarize.v1 import diarize_pb2 as pb
from brickwork.diarize.v1 import diarize_pb2_grpc
from brickwork_diarize.__main__ import register
from brickwork_diarize.settings import DiarizeSettings
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import slide, tone, write_recording

if TYPE_CHECKING:  # the stub of grpc.aio has a class of its own in the type stubs only
    Stub = diarize_pb2_grpc.DiarizeServiceAsyncStub

SECONDS = 30.0


@pytest.fixture
async def stub(tmp_path: Path) -> AsyncIterator["Stub"]:
    async with served_brick("brickwork_diarize", DiarizeSettings, register, tmp_path) as channel:
        yield diarize_pb2_grpc.DiarizeServiceStub(channel)


async def diarize(stub: "Stub", content: bytes, **fields: Any) -> list[pb.DiarizeRecordingResponse]:
    request = pb.DiarizeRecordingRequest(media=common_pb2.Media(inline=content), **fields)
    return [event async for event in stub.DiarizeRecording(request, timeout=SECONDS)]


async def refusal(stub: "Stub", content: bytes, **fields: Any) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as caught:
        await diarize(stub, content, **fields)
    return error_from_rpc(caught.value)


@pytest.fixture
def recording(tmp_path: Path) -> bytes:
    return write_recording(tmp_path / "tone.flac", tone(5)).read_bytes()


async def test_a_stream_starts_progresses_and_ends_with_turns_and_a_summary(
    stub: "Stub", recording: bytes
) -> None:
    events = await diarize(stub, recording)
    kinds = [event.WhichOneof("event") for event in events]
    start = kinds.index("started")
    assert set(kinds[:start]) <= {"waiting"}
    assert [kind for kind, _ in groupby(kinds[start:])] == [
        "started",
        "progress",
        "turn",
        "summary",
    ]
    assert events[start].started.model.name == "pyannote-ge2e"
    told = [event.progress for event in events if event.HasField("progress")]
    done = [one.done for one in told]
    assert done in ([2_000, 4_000, 5_000], [2_000, 5_000]), "what comes soon after may be left out"
    assert {one.total for one in told} == {5_000}
    assert {one.unit for one in told} == {common_pb2.PROGRESS_UNIT_MEDIA_MS}
    turns = [(t.start_ms, t.end_ms, t.speaker) for t in (event.turn for event in events[-4:-1])]
    assert turns == [(0, 2_000, "S1"), (2_000, 4_000, "S2"), (4_000, 5_000, "S1")]
    assert events[-1].summary == pb.DiarizationSummary(speaker_count=2, duration_ms=5_000)


async def test_the_known_number_of_speakers_reaches_the_engine(
    stub: "Stub", recording: bytes
) -> None:
    events = await diarize(stub, recording, speaker_count=3)
    assert events[-1].summary.speaker_count == 3


async def test_the_least_and_the_greatest_number_of_speakers_reach_the_engine(
    stub: "Stub", recording: bytes
) -> None:
    least = await diarize(stub, recording, min_speaker_count=3)
    assert least[-1].summary.speaker_count == 3
    greatest = await diarize(stub, recording, max_speaker_count=1, material=pb.MATERIAL_EDITED)
    assert greatest[-1].summary.speaker_count == 1


async def test_impossible_numbers_of_speakers_are_refused(stub: "Stub", recording: bytes) -> None:
    for fields in (
        {"speaker_count": -1},
        {"speaker_count": 0},
        {"speaker_count": 21},
        {"min_speaker_count": 0},
        {"max_speaker_count": 21},
        {"min_speaker_count": 3, "max_speaker_count": 2},
        {"speaker_count": 2, "max_speaker_count": 2},
    ):
        error = await refusal(stub, recording, **fields)
        assert error.reason is Reason.SPEAKER_COUNT_INVALID
        assert error.domain == "diarize.brickwork"


async def test_an_unknown_kind_of_material_is_refused(stub: "Stub", recording: bytes) -> None:
    error = await refusal(stub, recording, material=7)
    assert error.reason is Reason.ARGUMENT_INVALID
    assert error.metadata == {"field": "material"}


async def test_an_unknown_model_is_refused(stub: "Stub", recording: bytes) -> None:
    error = await refusal(stub, recording, model="other")
    assert error.reason is Reason.MODEL_UNKNOWN


async def test_a_recording_without_sound_is_refused(stub: "Stub", tmp_path: Path) -> None:
    silent = write_recording(tmp_path / "silent.avi", slides=[slide(level) for level in (9, 99)])
    error = await refusal(stub, silent.read_bytes())
    assert error.reason is Reason.NO_AUDIO_STREAM


async def test_bytes_that_are_no_recording_are_refused(stub: "Stub") -> None:
    error = await refusal(stub, b"no recording at all")
    assert error.reason in (Reason.MEDIA_UNREADABLE, Reason.MEDIA_FORMAT_UNSUPPORTED)
