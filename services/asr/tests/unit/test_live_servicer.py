"""Live sound over real gRPC, with an engine that is scripted."""

import asyncio
import os
import signal
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_asr.live_source import CHUNK_MS_MAX, HELD_MS_MAX
from brickwork_asr.servicer import AsrServicer
from brickwork_asr.settings import AsrSettings
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.slots import Slots
from brickwork_sdk.testing.brick import served_brick

CALL_SECONDS = 60.0
RATE_HZ = 8_000
SECOND = b"\x01\x00" * RATE_HZ
Request = asr_pb2.TranscribeLiveAudioRequest
Response = asr_pb2.TranscribeLiveAudioResponse
CONFIG = asr_pb2.LiveAudioConfig(sample_rate_hz=RATE_HZ, encoding=asr_pb2.AUDIO_ENCODING_PCM_S16LE)


@pytest.fixture
def serving() -> list[Slots]:
    """The slots of the brick, once it serves."""
    return []


@pytest.fixture
def silent_seconds_max() -> float:
    """How long a caller may send nothing; longer than any wait of a test for an answer."""
    return CALL_SECONDS


@pytest.fixture
async def channel(
    tmp_path: Path, serving: list[Slots], silent_seconds_max: float
) -> AsyncIterator[grpc.aio.Channel]:
    def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
        servicer = AsrServicer(slots, objects, silent_seconds_max)
        asr_pb2_grpc.add_AsrServiceServicer_to_server(servicer, server)
        serving.append(slots)

    async with served_brick("brickwork_asr", AsrSettings, register, tmp_path) as channel:
        yield channel


@pytest.fixture
def asr(channel: grpc.aio.Channel) -> "asr_pb2_grpc.AsrServiceAsyncStub":
    return asr_pb2_grpc.AsrServiceStub(channel)


def sent(*chunks: bytes, config: asr_pb2.LiveAudioConfig = CONFIG) -> Iterator[Request]:
    yield Request(config=config)
    for chunk in chunks:
        yield Request(chunk=chunk)


async def answers(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", requests: Iterable[Request]
) -> list[Response]:
    call = asr.TranscribeLiveAudio(iter(requests), timeout=CALL_SECONDS)
    return [answer async for answer in call]


async def refusal(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", requests: Iterable[Request]
) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as caught:
        await answers(asr, requests)
    return error_from_rpc(caught.value)


def final_text(found: Iterable[Response]) -> str:
    return " ".join(answer.segment.text for answer in found if answer.HasField("segment"))


def sentences(count: int) -> str:
    return " ".join(f"Sentence {number}." for number in range(count))


async def test_words_come_while_sound_is_sent_and_all_of_them_are_final_at_the_end(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    call = asr.TranscribeLiveAudio(timeout=CALL_SECONDS)
    await call.write(Request(config=CONFIG))
    await call.write(Request(chunk=SECOND))
    found = list[Response]()
    while not (found and found[-1].HasField("progress")):
        answer = await call.read()
        assert isinstance(answer, Response)
        found.append(answer)
    # How much more is heard at once depends on the time that a step takes; the words do not.
    assert [answer.partial.text for answer in found if answer.HasField("partial")] == ["Sentence"]
    assert found[-1].progress.total == 1_000
    for _ in range(5):
        await call.write(Request(chunk=SECOND))
    await call.done_writing()
    found += [answer async for answer in call]
    assert final_text(found) == sentences(3)
    kinds = [answer.WhichOneof("event") for answer in found]
    start = kinds.index("started")
    assert set(kinds[:start]) == {"waiting"}
    assert (kinds.count("started"), kinds.index("summary")) == (1, len(kinds) - 1)
    summary = found[-1].summary
    assert (summary.language, summary.duration_ms) == ("en", 6_000)
    assert summary.segment_count == kinds.count("segment")
    words = [word for answer in found for word in answer.segment.words]
    assert [word.start_ms for word in words] == [at * 1_000 for at in range(6)]
    assert {word.confidence for word in words} == {1.0}


async def test_sound_that_comes_faster_than_it_is_heard_is_held_up_and_all_heard(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    found = await answers(asr, sent(*[SECOND * 5] * 40))
    assert final_text(found) == sentences(100)
    lags_ms = [one.progress.total - one.progress.done for one in found if one.HasField("progress")]
    assert max(lags_ms) <= HELD_MS_MAX
    assert found[-1].summary.duration_ms == 200_000


async def test_silence_has_no_words_and_is_no_gap(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    silence = bytes(len(SECOND) * 5)
    found = await answers(asr, sent(*[silence] * 12))
    assert final_text(found) == ""
    assert not found[-1].summary.HasField("language")
    assert found[-1].summary.duration_ms == 60_000


async def test_floats_of_any_rate_are_heard_alike(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    for rate_hz in (11_025, 48_000):
        encoding = asr_pb2.AUDIO_ENCODING_PCM_F32LE
        config = asr_pb2.LiveAudioConfig(sample_rate_hz=rate_hz, encoding=encoding, language="en")
        second = struct.pack("<f", 0.5) * rate_hz
        assert final_text(await answers(asr, sent(*[second] * 4, config=config))) == sentences(2)


async def test_hot_words_go_with_every_step(asr: "asr_pb2_grpc.AsrServiceAsyncStub") -> None:
    config = asr_pb2.LiveAudioConfig(hot_words=["Beleg"])
    config.MergeFrom(CONFIG)
    found = await answers(asr, sent(*[SECOND * 5] * 8, config=config))
    assert final_text(found) == sentences(20).replace("Sentence", "Beleg")


async def test_streams_side_by_side_are_answered_as_one_alone(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    lengths = range(2, 18, 2)
    together = await asyncio.gather(
        *(answers(asr, sent(*[SECOND] * seconds)) for seconds in lengths)
    )
    assert [final_text(one) for one in together] == [sentences(one // 2) for one in lengths]


async def test_bad_streams_are_refused_with_their_reason_before_they_cost_memory(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", channel: grpc.aio.Channel
) -> None:
    floats = asr_pb2.LiveAudioConfig(
        sample_rate_hz=RATE_HZ, encoding=asr_pb2.AUDIO_ENCODING_PCM_F32LE
    )

    def like(**fields: object) -> asr_pb2.LiveAudioConfig:
        config = asr_pb2.LiveAudioConfig()
        config.CopyFrom(CONFIG)
        config.MergeFrom(asr_pb2.LiveAudioConfig(**fields))  # type: ignore[arg-type]
        return config

    order, argument = Reason.STREAM_ORDER_INVALID, Reason.ARGUMENT_INVALID
    too_long = bytes(len(SECOND) * CHUNK_MS_MAX // 1000 + 2)
    cases: list[tuple[Reason, Iterable[Request]]] = [
        (order, []),
        (order, [Request()]),
        (order, [Request(chunk=SECOND)]),
        (order, [Request(config=CONFIG), Request(config=CONFIG)]),
        (order, [Request(config=CONFIG), Request()]),
        (Reason.MEDIA_EMPTY, sent()),
        (argument, sent(b"")),
        (argument, sent(SECOND + b"\x01")),
        (argument, sent(too_long)),
        (argument, sent(struct.pack("<3f", 0.0, float("nan"), 0.0), config=floats)),
        (argument, sent(struct.pack("<2f", float("inf"), float("-inf")), config=floats)),
        (argument, sent(config=asr_pb2.LiveAudioConfig(sample_rate_hz=RATE_HZ))),
        (argument, sent(config=like(sample_rate_hz=44_000))),
        (argument, sent(config=like(sample_rate_hz=-1))),
        (Reason.LANGUAGE_UNKNOWN, sent(config=like(language="klingon"))),
        (Reason.TEXT_TOO_LONG, sent(config=like(prompt="a" * 601))),
        (argument, sent(config=like(hot_words=["two\nlines"]))),
        (Reason.MODEL_UNKNOWN, sent(config=like(model="whisper-huge"))),
    ]
    errors = [await refusal(asr, requests) for _, requests in cases]
    assert [error.reason for error in errors] == [reason for reason, _ in cases]
    assert all(error.message.endswith(".") for error in errors)
    control = control_pb2_grpc.ControlServiceStub(channel)
    described = await control.DescribeBrick(
        control_pb2.DescribeBrickRequest(), timeout=CALL_SECONDS
    )
    states = {model.state for model in described.models}
    assert states == {control_pb2.SLOT_STATE_EMPTY}


async def test_what_is_wrong_in_mid_stream_is_told_and_the_next_stream_is_served(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    error = await refusal(asr, sent(*[SECOND] * 3, b"\x01"))
    assert (error.reason, error.metadata["field"]) == (Reason.ARGUMENT_INVALID, "chunk")
    assert final_text(await answers(asr, sent(SECOND, SECOND))) == sentences(1)


@pytest.mark.parametrize("silent_seconds_max", [0.5])
async def test_a_caller_who_sends_nothing_is_let_go_with_a_reason(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub",
) -> None:
    for parts in ([], [Request(config=CONFIG)], [Request(config=CONFIG), Request(chunk=SECOND)]):
        call = asr.TranscribeLiveAudio(timeout=CALL_SECONDS)
        for part in parts:
            await call.write(part)
        with pytest.raises(grpc.RpcError) as caught:
            async for _ in call:
                pass
        error = error_from_rpc(caught.value)
        assert error.reason is Reason.STREAM_SILENT
        assert error.metadata == {"silent_seconds_max": "0.5"}


async def test_a_caller_who_leaves_gives_the_model_back(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", channel: grpc.aio.Channel
) -> None:
    control = control_pb2_grpc.ControlServiceStub(channel)

    async def user_count() -> int:
        request = control_pb2.DescribeBrickRequest()
        described = await control.DescribeBrick(request, timeout=CALL_SECONDS)
        return sum(model.user_count for model in described.models)

    call = asr.TranscribeLiveAudio(timeout=CALL_SECONDS)
    await call.write(Request(config=CONFIG))
    await call.write(Request(chunk=SECOND))
    async for answer in call:
        if answer.HasField("progress"):
            break
    # Between two steps as well: whoever may go on to speak is not made to wait for the model.
    assert await user_count() == 1
    call.cancel()
    async with asyncio.timeout(CALL_SECONDS):
        while await user_count():
            pass


async def test_a_stream_outlives_its_engine_and_loses_no_sound(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", serving: list[Slots]
) -> None:
    call = asr.TranscribeLiveAudio(timeout=CALL_SECONDS)
    await call.write(Request(config=CONFIG))
    await call.write(Request(chunk=SECOND * 3))
    found = list[Response]()
    while not (found and found[-1].HasField("progress")):
        answer = await call.read()
        assert isinstance(answer, Response)
        found.append(answer)
    process = serving[0].named("").process
    assert process is not None
    os.kill(process.identity.pid, signal.SIGKILL)
    await process.exited.wait()
    await call.write(Request(chunk=SECOND * 3))
    await call.done_writing()
    found += [answer async for answer in call]
    assert final_text(found) == sentences(3)
    kinds = [answer.WhichOneof("event") for answer in found]
    assert kinds.count("started") == 1
    assert "waiting" in kinds[kinds.index("started") :]
