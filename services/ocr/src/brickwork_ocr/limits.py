"""What the RPCs of the ocr brick take."""

from brickwork_ocr.engine import (
    PAGE_OBJECTS_MAX,
    PAGE_PIXELS_MAX,
    PAGES_MAX,
    PDF_BYTES_MAX,
    SAMPLE_EVERY_MS_MAX,
    SAMPLE_EVERY_MS_MIN,
)
from brickwork_sdk.limit import Limit
from brickwork_sdk.limits import image_limits, recording_limits
from brickwork_sdk.media.limits import DURATION_MS_MAX, PIXELS_MAX


def _document_limits(rpc: str) -> tuple[Limit, ...]:
    return (
        Limit(rpc, "pages", PAGES_MAX, least=1),
        Limit(rpc, "pdf_bytes", PDF_BYTES_MAX),
        Limit(rpc, "page_objects", PAGE_OBJECTS_MAX),
        Limit(rpc, "page_pixels", PAGE_PIXELS_MAX),
    )


LIMITS = (
    *image_limits("ReadDocument"),
    *_document_limits("ReadDocument"),
    *image_limits("DetectLayout"),
    *_document_limits("DetectLayout"),
    *recording_limits("ReadVideo"),
    Limit("ReadVideo", "media_pixels", PIXELS_MAX, least=1),
    Limit("ReadVideo", "sample_every_ms", SAMPLE_EVERY_MS_MAX, least=SAMPLE_EVERY_MS_MIN),
    Limit("ReadVideo", "start_ms", DURATION_MS_MAX),
)
