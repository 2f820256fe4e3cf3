"""The ocr brick over real gRPC, with an engine that is scripted."""

import io
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import grpc
import grpc.aio
import pytest
from PIL import Image

from brickwork.common.v1 import common_pb2
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork_ocr.__main__ import register
from brickwork_ocr.settings import OcrSettings
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import slide, tone, write_recording

CALL_SECONDS = 60.0
FRAMES_PER_SECOND = 10


@pytest.fixture
async def ocr(tmp_path: Path) -> AsyncIterator["ocr_pb2_grpc.OcrServiceAsyncStub"]:
    async with served_brick("brickwork_ocr", OcrSettings, register, tmp_path) as channel:
        yield ocr_pb2_grpc.OcrServiceStub(channel)


def video(folder: Path, *levels: int) -> common_pb2.Media:
    """Make a video that shows each even grey for three seconds."""
    slides = [slide(level) for level in levels for _ in range(3 * FRAMES_PER_SECOND)]
    path = write_recording(folder / "video.mp4", slides=slides, frames_per_second=FRAMES_PER_SECOND)
    return common_pb2.Media(inline=path.read_bytes())


def image(level: int) -> common_pb2.Media:
    content = io.BytesIO()
    Image.fromarray(slide(level)).save(content, "PNG")
    return common_pb2.Media(inline=content.getvalue())


async def read_video(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", request: ocr_pb2.ReadVideoRequest
) -> list[ocr_pb2.ReadVideoResponse]:
    return [event async for event in ocr.ReadVideo(request, timeout=CALL_SECONDS)]


async def read_document(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", request: ocr_pb2.ReadDocumentRequest
) -> list[ocr_pb2.ReadDocumentResponse]:
    return [event async for event in ocr.ReadDocument(request, timeout=CALL_SECONDS)]


def texts(events: list[ocr_pb2.ReadVideoResponse]) -> list[tuple[int, int, str]]:
    timed = [event.timed_text for event in events if event.HasField("timed_text")]
    return [(text.start_ms, text.end_ms, text.text) for text in timed]


async def test_texts_of_a_video_come_in_order_with_start_progress_and_summary(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", tmp_path: Path
) -> None:
    events = await read_video(ocr, ocr_pb2.ReadVideoRequest(media=video(tmp_path, 50, 0, 200)))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[-1] == "summary"
    assert kinds.count("started") == 1
    assert kinds.index("started") < kinds.index("progress") < kinds.index("timed_text")
    assert texts(events) == [(0, 3000, "Brightness 50"), (6000, 9000, "Brightness 200")]
    assert events[-1].summary == ocr_pb2.VideoSummary(duration_ms=9000, frame_count=9, read_count=3)
    line = next(event for event in events if event.HasField("timed_text")).timed_text.lines[0]
    assert line.box == ocr_pb2.Box(right_px=64, bottom_px=48)


async def test_video_is_read_from_where_it_is_told_and_as_often(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", tmp_path: Path
) -> None:
    media = video(tmp_path, 50, 200)
    request = ocr_pb2.ReadVideoRequest(media=media, start_ms=4000, sample_every_ms=500)
    events = await read_video(ocr, request)
    assert texts(events) == [(4000, 6000, "Brightness 200")]
    assert events[-1].summary.frame_count == 4


async def test_video_without_text_is_a_result(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", tmp_path: Path
) -> None:
    events = await read_video(ocr, ocr_pb2.ReadVideoRequest(media=video(tmp_path, 0)))
    assert texts(events) == []
    assert events[-1].WhichOneof("event") == "summary"


async def test_image_is_one_page(ocr: "ocr_pb2_grpc.OcrServiceAsyncStub") -> None:
    events = await read_document(ocr, ocr_pb2.ReadDocumentRequest(media=image(120)))
    page = next(event.page for event in events if event.HasField("page"))
    assert (page.number, page.width_px, page.height_px) == (1, 64, 48)
    assert [line.text for line in page.lines] == ["Brightness 120"]
    assert events[-1].summary.page_count == 1


async def refusal(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub",
    request: ocr_pb2.ReadVideoRequest | ocr_pb2.ReadDocumentRequest,
) -> Reason:
    if isinstance(request, ocr_pb2.ReadVideoRequest):
        answer: Awaitable[object] = read_video(ocr, request)
    else:
        answer = read_document(ocr, request)
    with pytest.raises(grpc.RpcError) as caught:
        await answer
    return error_from_rpc(caught.value).reason


async def test_bad_requests_are_refused_with_their_reason(
    ocr: "ocr_pb2_grpc.OcrServiceAsyncStub", tmp_path: Path
) -> None:
    def of_video(
        media: common_pb2.Media | None = None,
        model: str = "",
        sample_every_ms: int | None = None,
        start_ms: int = 0,
    ) -> ocr_pb2.ReadVideoRequest:
        return ocr_pb2.ReadVideoRequest(
            media=media, model=model, sample_every_ms=sample_every_ms, start_ms=start_ms
        )

    sound = write_recording(tmp_path / "sound.flac", tone(1.0)).read_bytes()
    good = video(tmp_path, 50)
    noise = common_pb2.Media(inline=b"noise" * 99)
    cases: list[tuple[Reason, ocr_pb2.ReadVideoRequest | ocr_pb2.ReadDocumentRequest]] = [
        (Reason.MEDIA_MISSING, of_video()),
        (Reason.MEDIA_UNREADABLE, of_video(noise)),
        (Reason.NO_VIDEO_STREAM, of_video(common_pb2.Media(inline=sound))),
        (Reason.MODEL_UNKNOWN, of_video(good, model="pp-ocr-huge")),
        (Reason.ARGUMENT_INVALID, of_video(good, start_ms=-1)),
        (Reason.ARGUMENT_INVALID, of_video(good, sample_every_ms=0)),
        (Reason.ARGUMENT_INVALID, of_video(good, sample_every_ms=60_001)),
        (Reason.MEDIA_MISSING, ocr_pb2.ReadDocumentRequest()),
        (Reason.IMAGE_UNREADABLE, ocr_pb2.ReadDocumentRequest(media=noise)),
        (Reason.MODEL_UNKNOWN, ocr_pb2.ReadDocumentRequest(media=image(9), model="other")),
    ]
    for reason, request in cases:
        assert await refusal(ocr, request) is reason, request
