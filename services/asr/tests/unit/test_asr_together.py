"""Several callers of one model: each as if it were alone, and all in turns."""

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import grpc.aio
import pytest

from brickwork.asr.v1 import asr_pb2 as pb
from brickwork.asr.v1 import asr_pb2_grpc
from brickwork.common.v1.common_pb2 import Media
from brickwork_asr.__main__ import register
from brickwork_asr.engine import TranscribeRequest
from brickwork_asr.scripted_engine import load
from brickwork_asr.settings import AsrSettings
from brickwork_sdk.engine.calls import Call, CallTable
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import tone, write_recording

ROOT = Path(__file__).parents[4]
CLIPS = ROOT / "tests" / "data" / "recordings"
MODELS = Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", ROOT / ".brickwork" / "models"))
SECONDS = 120.0
CALLERS = 32


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    async with served_brick("brickwork_asr", AsrSettings, register, tmp_path) as channel:
        yield channel


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    async with served_brick(
        "brickwork_asr", AsrSettings, register, tmp_path, engine="real", models_dir=MODELS
    ) as channel:
        yield channel


async def answer(
    channel: grpc.aio.Channel, request: pb.TranscribeRecordingRequest
) -> list[pb.TranscribeRecordingResponse]:
    """Return what does not depend on time: segments and summary."""
    call = asr_pb2_grpc.AsrServiceStub(channel).TranscribeRecording(request, timeout=SECONDS)
    kept = ("segment", "summary")
    return [event async for event in call if event.WhichOneof("event") in kept]


async def test_32_callers_hear_what_each_hears_alone(
    scripted: grpc.aio.Channel, tmp_path: Path
) -> None:
    recordings = [
        write_recording(tmp_path / f"{at}.flac", tone(2.0 + at)).read_bytes() for at in range(4)
    ]
    orders = [
        pb.TranscribeRecordingRequest(
            media=Media(inline=recordings[number % 4]),
            model=("whisper-base", "whisper-tiny.en")[number // 4 % 2],
            start_ms=1000 * (number % 2),
            hot_words=[f"caller{number}"],
        )
        for number in range(CALLERS)
    ]
    alone = [await answer(scripted, order) for order in orders]
    together = await asyncio.gather(*(answer(scripted, order) for order in orders))
    assert list(together) == alone
    said = [events[0].segment.text.split()[0] for events in together]
    assert said == [f"caller{number}" for number in range(CALLERS)]


@pytest.mark.models
async def test_callers_of_a_real_model_hear_what_each_hears_alone(real: grpc.aio.Channel) -> None:
    orders = [
        pb.TranscribeRecordingRequest(
            media=Media(inline=(CLIPS / f"austen-{number}.flac").read_bytes()),
            model="whisper-tiny.en",
            prompt=prompt,
        )
        for number, prompt in ((2, ""), (5, "A novel."))
    ]
    alone = [await answer(real, order) for order in orders]
    together = await asyncio.gather(*(answer(real, order) for order in orders * 3))
    assert together == alone * 3
    assert all(events[0].segment.words for events in alone)


def test_two_callers_get_on_in_turns_and_the_later_one_does_not_wait_for_the_other(
    tmp_path: Path,
) -> None:
    engine, table, ticks = load(tmp_path, {}), CallTable(), count()
    long = write_recording(tmp_path / "long.flac", tone(40.0))
    short = write_recording(tmp_path / "short.flac", tone(4.0))
    table.add(Call(1, engine.transcribe(TranscribeRequest(long)), 1.0, credit=1000))
    turns: list[int] = []
    while call := table.next():
        turns.append(call.number)
        try:
            table.advance(call, lambda: float(next(ticks)))
        except StopIteration:
            table.remove(call.number)
        if len(turns) == 6:
            table.add(Call(2, engine.transcribe(TranscribeRequest(short)), 1.0, credit=1000))
    assert turns[:6] == [1] * 6
    ended = 1 + max(at for at, number in enumerate(turns) if number == 2)
    assert set(zip(turns[6:ended:2], turns[7:ended:2], strict=True)) == {(1, 2)}
    assert turns[ended:] == [1] * (len(turns) - ended)
    assert turns.count(1) > 3 * turns.count(2)
