"""OcrService: between the wire and the engine."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.common.v1 import common_pb2
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork_ocr.engine import (
    SAMPLE_EVERY_MS_DEFAULT,
    SAMPLE_EVERY_MS_MAX,
    SAMPLE_EVERY_MS_MIN,
    DocumentRequest,
    Line,
    Page,
    PageProgress,
    Progress,
    TimedText,
    VideoEnd,
    VideoRequest,
)
from brickwork_ocr.metrics import FRAMES, PAGES
from brickwork_sdk.caller import current_caller
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.intake import Intake
from brickwork_sdk.media.limits import DURATION_MS_MAX
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_sdk.telemetry.media import MediaMeter

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].full_name

DocumentResponse = ocr_pb2.ReadDocumentResponse
VideoResponse = ocr_pb2.ReadVideoResponse


class OcrServicer(ocr_pb2_grpc.OcrServiceServicer):
    """Reads images and videos."""

    def __init__(self, slots: Slots, objects: ObjectStore) -> None:
        self._slots = slots
        self._intake = Intake(objects)

    async def ReadDocument(
        self, request: ocr_pb2.ReadDocumentRequest, context: "Context"
    ) -> AsyncGenerator[DocumentResponse, None]:
        """Stream the pages of a document."""
        model = self._slots.named(request.model).entry.name
        order = DocumentRequest(await self._intake.image(request.media))
        events = self._slots.run(
            request.model, current_caller.get(), "read_document", order, (Page, PageProgress)
        )
        page_count = 0
        async with aclosing(events) as steps:
            async for event in steps:
                match event:
                    case Waiting():
                        yield DocumentResponse(waiting=event.to_proto())
                    case Started():
                        yield DocumentResponse(started=event.to_proto())
                    case Page():
                        page_count += 1
                        PAGES.labels(model).inc()
                        yield DocumentResponse(page=_page(event))
        yield DocumentResponse(summary=ocr_pb2.DocumentSummary(page_count=page_count))

    async def ReadVideo(
        self, request: ocr_pb2.ReadVideoRequest, context: "Context"
    ) -> AsyncGenerator[VideoResponse, None]:
        """Stream the texts that a video shows."""
        model = self._slots.named(request.model).entry.name
        sample_every_ms = (
            request.sample_every_ms
            if request.HasField("sample_every_ms")
            else SAMPLE_EVERY_MS_DEFAULT
        )
        _require_between(
            "sample_every_ms", sample_every_ms, SAMPLE_EVERY_MS_MIN, SAMPLE_EVERY_MS_MAX
        )
        _require_between("start_ms", request.start_ms, 0, DURATION_MS_MAX)
        video = await self._intake.recording(request.media, needs="video")
        order = VideoRequest(video, sample_every_ms, request.start_ms)
        meter = MediaMeter(model, request.start_ms)
        events = self._slots.run(
            request.model,
            current_caller.get(),
            "read_video",
            order,
            (TimedText, Progress, VideoEnd),
        )
        async with aclosing(events) as steps:
            async for event in steps:
                if isinstance(event, Progress):
                    meter.reaches(event.done_ms)
                elif isinstance(event, VideoEnd):
                    FRAMES.labels(model, "sampled").inc(event.frame_count)
                    FRAMES.labels(model, "read").inc(event.read_count)
                yield _video_response(event)


def _video_response(event: Waiting | Started | TimedText | Progress | VideoEnd) -> VideoResponse:
    match event:
        case Waiting():
            return VideoResponse(waiting=event.to_proto())
        case Started():
            return VideoResponse(started=event.to_proto())
        case Progress():
            progress = common_pb2.Progress(
                done=event.done_ms,
                total=event.total_ms,
                unit=common_pb2.PROGRESS_UNIT_MEDIA_MS,
            )
            return VideoResponse(progress=progress)
        case TimedText():
            text = ocr_pb2.TimedText(
                start_ms=event.start_ms,
                end_ms=event.end_ms,
                text=event.text,
                lines=_lines(event.lines),
            )
            return VideoResponse(timed_text=text)
        case VideoEnd():
            summary = ocr_pb2.VideoSummary(
                duration_ms=event.duration_ms,
                frame_count=event.frame_count,
                read_count=event.read_count,
            )
            return VideoResponse(summary=summary)


def _page(page: Page) -> ocr_pb2.Page:
    return ocr_pb2.Page(
        number=page.number,
        width_px=page.width_px,
        height_px=page.height_px,
        lines=_lines(page.lines),
    )


def _lines(lines: Iterable[Line]) -> list[ocr_pb2.TextLine]:
    return [
        ocr_pb2.TextLine(
            text=line.text,
            confidence=line.confidence,
            box=ocr_pb2.Box(
                left_px=line.box.left_px,
                top_px=line.box.top_px,
                right_px=line.box.right_px,
                bottom_px=line.box.bottom_px,
            ),
        )
        for line in lines
    ]


def _require_between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"{field} lies between {least:,} and {most:,}.",
            metadata={"field": field},
        )
