"""Bad input of the recording path: one reason each, and the next request is served."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from brickwork.asr.v1 import asr_pb2 as pb
from brickwork.asr.v1 import asr_pb2_grpc
from brickwork.common.v1.common_pb2 import Media, ObjectRef
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_asr.__main__ import register
from brickwork_asr.settings import AsrSettings
from brickwork_sdk.errors import Reason
from brickwork_sdk.media.limits import DURATION_MS_MAX, INLINE_BYTES_MAX
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.speech_context import HOT_WORD, HOT_WORDS, PROMPT
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import slide, tone, write_recording

SECONDS = 60.0
Case = tuple[Reason, Mapping[str, Any]]
WORD = "w" * int(HOT_WORD.most)


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    async with served_brick("brickwork_asr", AsrSettings, register, tmp_path) as channel:
        yield channel


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    return write_recording(tmp_path / "tone.flac", tone(2.0)).read_bytes()


def bad_media(folder: Path, sound: bytes) -> list[Case]:
    pictures = write_recording(folder / "pictures.mp4", slides=[slide(9)] * 5).read_bytes()
    flac = bytearray(sound)
    # The number of samples in the header, 36 bits: a claim of a month of sound.
    flac[21:26] = bytes([flac[21] | 0x0F]) + b"\xff" * 4
    inline = {
        Reason.MEDIA_EMPTY: b"",
        Reason.MEDIA_TOO_LARGE: bytes(INLINE_BYTES_MAX + 1),
        Reason.MEDIA_UNREADABLE: b"noise" * 99,
        Reason.MEDIA_FORMAT_UNSUPPORTED: b"ffconcat version 1.0\nfile neighbour.wav\n",
        Reason.NO_AUDIO_STREAM: pictures,
    }
    missing, nonsense = ObjectRef(sha256="0" * 64), ObjectRef(sha256="../../secret")
    return [
        (Reason.MEDIA_MISSING, {"media": None}),
        *((reason, {"media": Media(inline=content)}) for reason, content in inline.items()),
        (Reason.OBJECT_MISSING, {"media": Media(object=missing)}),
        (Reason.OBJECT_REF_INVALID, {"media": Media(object=nonsense)}),
        (Reason.MODEL_UNKNOWN, {"model": "whisper-huge"}),
        (Reason.MODEL_UNKNOWN, {"model": "m" * 100_000}),
    ]


BAD_ORDERS: list[Case] = [
    (Reason.LANGUAGE_UNKNOWN, {"language": ""}),
    (Reason.LANGUAGE_UNKNOWN, {"language": "klingon"}),
    (Reason.LANGUAGE_UNKNOWN, {"language": "EN"}),
    (Reason.LANGUAGE_UNKNOWN, {"language": "fr", "model": "whisper-tiny.en"}),
    (Reason.ARGUMENT_INVALID, {"start_ms": -1}),
    (Reason.ARGUMENT_INVALID, {"start_ms": DURATION_MS_MAX + 1}),
    (Reason.ARGUMENT_INVALID, {"task": 9}),
    (Reason.TEXT_TOO_LONG, {"prompt": "p" * int(PROMPT.most + 1)}),
    (Reason.TEXT_TOO_LONG, {"prompt": "p" * 3_000_000}),
    (Reason.TEXT_TOO_LONG, {"hot_words": [WORD] * 10}),
    (Reason.ARGUMENT_INVALID, {"hot_words": ["w"] * int(HOT_WORDS.most + 1)}),
    (Reason.ARGUMENT_INVALID, {"hot_words": [WORD + "w"]}),
    (Reason.ARGUMENT_INVALID, {"hot_words": ["fine", " "]}),
    (Reason.ARGUMENT_INVALID, {"hot_words": ["two\nlines"]}),
    (
        Reason.MODEL_CANNOT,
        {"task": pb.TRANSCRIBE_TASK_TRANSLATE, "model": "whisper-tiny.en"},
    ),
]


async def refusal(call: Any) -> Reason:
    with pytest.raises(grpc.RpcError) as caught:
        await call
    return error_from_rpc(caught.value).reason


async def transcribed(
    asr: "asr_pb2_grpc.AsrServiceAsyncStub", request: pb.TranscribeRecordingRequest
) -> list[str]:
    events = [event async for event in asr.TranscribeRecording(request, timeout=SECONDS)]
    return [event.segment.text for event in events if event.HasField("segment")]


async def test_everything_bad_has_its_reason_and_the_engine_serves_on(
    channel: grpc.aio.Channel, sound: bytes, tmp_path: Path
) -> None:
    asr = asr_pb2_grpc.AsrServiceStub(channel)
    media = Media(inline=sound)
    good = pb.TranscribeRecordingRequest(media=media)
    assert await transcribed(asr, good) == ["Sentence 0."]
    for reason, fields in (*BAD_ORDERS, *bad_media(tmp_path, sound)):
        request = pb.TranscribeRecordingRequest(**{"media": media, **fields})
        assert await refusal(transcribed(asr, request)) is reason, fields.keys()
    for reason, fields in bad_media(tmp_path, sound):
        asked = pb.DetectLanguageRequest(**{"media": media, **fields})
        assert await refusal(asr.DetectLanguage(asked, timeout=SECONDS)) is reason
    assert await transcribed(asr, good) == ["Sentence 0."]
    describe = control_pb2_grpc.ControlServiceStub(channel).DescribeBrick
    described = await describe(control_pb2.DescribeBrickRequest(), timeout=SECONDS)
    loaded = [one.model.name for one in described.models if one.peak_bytes]
    assert loaded == ["whisper-base"], "a refused request has cost a model"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        # A model, a prompt and a hot word whose bytes are no UTF-8.
        (b"\x12\x02\xff\xfe", grpc.StatusCode.INVALID_ARGUMENT),
        (b"\x32\x02\xff\xfe", grpc.StatusCode.INVALID_ARGUMENT),
        (b"\x3a\x02\xff\xfe", grpc.StatusCode.INVALID_ARGUMENT),
        # Cut off in the middle of a field.
        (b"\x0a\xff\xff\x01", grpc.StatusCode.INVALID_ARGUMENT),
        (b"\x32" + b"\x80\x80\x80\x05" + b"p" * 10_485_760, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
async def test_bytes_that_are_no_message_are_refused(
    channel: grpc.aio.Channel, content: bytes, code: grpc.StatusCode
) -> None:
    call: Any = channel.unary_stream("/brickwork.asr.v1.AsrService/TranscribeRecording")
    with pytest.raises(grpc.RpcError) as caught:
        async for _ in call(content, timeout=SECONDS):
            pass
    assert caught.value.code() is code
