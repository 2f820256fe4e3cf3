"""OcrService: between the wire and the engine."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.common.v1 import common_pb2
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork_ocr.engine import (
    PAGES_MAX,
    SAMPLE_EVERY_MS_DEFAULT,
    SAMPLE_EVERY_MS_MAX,
    SAMPLE_EVERY_MS_MIN,
    Box,
    DocumentRequest,
    Line,
    Page,
    PageLayout,
    PageProgress,
    Progress,
    Region,
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

PAGE_NUMBER_MAX = 1_000_000
"""No document has more pages; what is beyond is a slip."""

SERVICE_NAME = ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].full_name

PDF_MODULE = "brickwork_ocr.pdf"
"""What looks at a PDF in a process of its own; this one never loads it."""

DocumentResponse = ocr_pb2.ReadDocumentResponse
LayoutResponse = ocr_pb2.DetectLayoutResponse
VideoResponse = ocr_pb2.ReadVideoResponse

_SOURCES = {
    "picture": ocr_pb2.PAGE_SOURCE_PICTURE,
    "text_layer": ocr_pb2.PAGE_SOURCE_TEXT_LAYER,
}
_KINDS = {
    "title": ocr_pb2.REGION_KIND_TITLE,
    "paragraph": ocr_pb2.REGION_KIND_PARAGRAPH,
    "table": ocr_pb2.REGION_KIND_TABLE,
    "other": ocr_pb2.REGION_KIND_OTHER,
}


class OcrServicer(ocr_pb2_grpc.OcrServiceServicer):
    """Reads documents and videos."""

    def __init__(self, slots: Slots, objects: ObjectStore) -> None:
        self._slots = slots
        self._intake = Intake(objects)

    async def ReadDocument(
        self, request: ocr_pb2.ReadDocumentRequest, context: "Context"
    ) -> AsyncGenerator[DocumentResponse, None]:
        """Stream the pages of a document."""
        model = self._slots.named(request.model).entry.name
        order, document_page_count = await self._document(request)
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
        yield DocumentResponse(summary=_document_summary(page_count, document_page_count))

    async def DetectLayout(
        self, request: ocr_pb2.DetectLayoutRequest, context: "Context"
    ) -> AsyncGenerator[LayoutResponse, None]:
        """Stream what the pages of a document are made of."""
        model = self._slots.named(request.model).entry.name
        order, document_page_count = await self._document(request)
        events = self._slots.run(
            request.model, current_caller.get(), "detect_layout", order, (PageLayout, PageProgress)
        )
        page_count = 0
        async with aclosing(events) as steps:
            async for event in steps:
                match event:
                    case Waiting():
                        yield LayoutResponse(waiting=event.to_proto())
                    case Started():
                        yield LayoutResponse(started=event.to_proto())
                    case PageLayout():
                        page_count += 1
                        PAGES.labels(model).inc()
                        yield LayoutResponse(layout=_layout(event))
        yield LayoutResponse(summary=_document_summary(page_count, document_page_count))

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

    async def _document(
        self, request: ocr_pb2.ReadDocumentRequest | ocr_pb2.DetectLayoutRequest
    ) -> tuple[DocumentRequest, int]:
        """Look at what was sent; returns the order, and how many pages the document has."""
        first = request.first_page if request.HasField("first_page") else 1
        last = request.last_page if request.HasField("last_page") else None
        _require_between("first_page", first, 1, PAGE_NUMBER_MAX)
        if last is not None:
            _require_between("last_page", last, first, first + PAGES_MAX - 1)
        words = (str(first), "" if last is None else str(last))
        path, found = await self._intake.document(request.media, PDF_MODULE, *words)
        page_count = found.get("page_count", 1)
        # A PDF was asked the same where it was opened, before its pages were looked at.
        _require_between("first_page", first, 1, page_count)
        _require_between("last_page", last or page_count, first, page_count)
        return DocumentRequest(path, first, last), page_count


def _document_summary(page_count: int, document_page_count: int) -> ocr_pb2.DocumentSummary:
    return ocr_pb2.DocumentSummary(page_count=page_count, document_page_count=document_page_count)


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
        source=_SOURCES[page.source],
        rotation_degrees=page.rotation_degrees,
    )


def _layout(page: PageLayout) -> ocr_pb2.PageLayout:
    return ocr_pb2.PageLayout(
        number=page.number,
        width_px=page.width_px,
        height_px=page.height_px,
        regions=map(_region, page.regions),
        source=_SOURCES[page.source],
        rotation_degrees=page.rotation_degrees,
    )


def _region(region: Region) -> ocr_pb2.Region:
    return ocr_pb2.Region(
        kind=_KINDS[region.kind], box=_box(region.box), lines=_lines(region.lines)
    )


def _lines(lines: Iterable[Line]) -> list[ocr_pb2.TextLine]:
    return [
        ocr_pb2.TextLine(
            text=line.text,
            confidence=line.confidence,
            box=_box(line.box),
        )
        for line in lines
    ]


def _box(box: Box) -> ocr_pb2.Box:
    return ocr_pb2.Box(
        left_px=box.left_px, top_px=box.top_px, right_px=box.right_px, bottom_px=box.bottom_px
    )


def _require_between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"{field} lies between {least:,} and {most:,}.",
            metadata={"field": field},
        )
