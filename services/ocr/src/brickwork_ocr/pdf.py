"""PDF on PDFium: what a document is, the text that its pages hold, and how they look.

A document is first looked at in a child process with limits, and only then worked on: whatever
PDFium dies of takes that child and no engine. See ADR 64.
"""

import resource
import time
from collections.abc import Generator
from contextlib import closing
from ctypes import byref, c_int, c_uint
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from brickwork_ocr.engine import (
    PAGE_OBJECTS_MAX,
    PAGE_PIXELS_MAX,
    PAGE_SIDE_PX_MAX,
    PAGES_MAX,
    PDF_BYTES_MAX,
    PageProgress,
)
from brickwork_ocr.text_layer import CHARACTERS_MAX, Glyph
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.limits import require_pixels

OPENED_BYTES_MAX = 512 * 1024 * 1024
"""What the pages may take to be opened, so that it fits into an engine beside its model."""
DOTS_PER_INCH_MAX = 300
"""No page is rendered finer: a visiting card would only be enlarged."""
RENDER_STEP_SECONDS, RENDER_SECONDS_MAX = 0.2, 30
"""After the first others get their turn; a page that takes longer than the second is refused."""

_FORM_DEPTH_MAX = 15
_SUBPIXELS = 64
"""PDFium gives whole pixels, so it is asked for a finer page."""


@dataclass(frozen=True)
class DocumentInfo:
    """What a look at a document finds."""

    page_count: int


def look(path: Path, first_page: str, last_page: str) -> DocumentInfo:
    """Look at a PDF and at what the pages that are asked for hold, before any of it costs.

    Runs in a process of its own, whose memory it limits.

    Args:
        path: the document.
        first_page: the first page that is asked for, from 1.
        last_page: the last one; empty is the last of the document.

    Raises:
        DOCUMENT_LOCKED: it asks for a password.
        DOCUMENT_UNREADABLE: it is none, or a page is not there.
        MEDIA_TOO_LARGE: too many bytes, pages, objects or pixels; the metadata has the limit.
        ARGUMENT_INVALID: it has no such page.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (OPENED_BYTES_MAX, OPENED_BYTES_MAX))
    size_bytes = path.stat().st_size
    if size_bytes > PDF_BYTES_MAX:
        raise _too_large(f"A PDF of {size_bytes:,} bytes", PDF_BYTES_MAX, "bytes")
    with closing(_opened(path)) as document:
        page_count = len(document)
        first, last = int(first_page), int(last_page or page_count)
        if not first <= last <= page_count:
            field = "last_page" if first <= page_count else "first_page"
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"The document has {page_count:,} pages, so {field} cannot be that.",
                metadata={"field": field, "page_count": str(page_count)},
            )
        if last - first >= PAGES_MAX:
            what = f"{last - first + 1:,} pages at once"
            raise _too_large(what, PAGES_MAX, "pages", "; ask for a part of them")
        for number in range(first, last + 1):
            with closing(_page(document, number)) as page:
                _require_modest(page, number)
    return DocumentInfo(page_count)


def pages(path: Path, first: int, last: int | None) -> Generator["PdfPage", None, None]:
    """Yield the pages of a document that was looked at; each is closed when the next is asked for.

    Raises:
        DOCUMENT_*: as `look`.
    """
    with closing(_opened(path)) as document:
        for number in range(first, (last or len(document)) + 1):
            with closing(_page(document, number)) as page:
                yield PdfPage(number, page)


class PdfPage:
    """A page: its size in pixels, at which its boxes are told and at which it is rendered."""

    def __init__(self, number: int, page: pypdfium2.PdfPage) -> None:
        self.number = number
        self._page = page
        width, height = page.get_size()
        scale = min(PAGE_SIDE_PX_MAX / max(width, height), DOTS_PER_INCH_MAX / 72)
        self.width_px = max(1, round(width * scale))
        self.height_px = max(1, round(height * scale))

    def close(self) -> None:
        """Let go of what the page holds; to be called once nothing more is asked of it."""
        self._page.close()

    def glyphs(self) -> list[Glyph]:
        """Return the characters that the page holds as text; none where there are too many."""
        with closing(self._page.get_textpage()) as text:
            count = text.count_chars()
            if count > CHARACTERS_MAX:
                return []
            matrix, offset = self._to_pixels()
            return [_glyph(text, index, matrix, offset) for index in range(count)]

    def is_covered(self) -> bool:
        """Tell whether a picture covers half of the page, as that of a scan does."""
        width, height = self._page.get_size()
        kinds = [pdfium.FPDF_PAGEOBJ_IMAGE]
        for picture in self._page.get_objects(filter=kinds, max_depth=_FORM_DEPTH_MAX):
            left, bottom, right, top = picture.get_bounds()
            if (right - left) * (top - bottom) >= width * height / 2:
                return True
        return False

    def rendered(self) -> Generator[PageProgress, None, NDArray[np.uint8]]:
        """Render the page, and yield now and then so that others get their turn.

        Returns:
            uint8 [height, width, 3], RGB.

        Raises:
            MEDIA_TOO_LARGE: it takes too long.
            DOCUMENT_UNREADABLE: PDFium cannot.
        """
        size = (self.width_px, self.height_px)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        flags |= pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
        bitmap = pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_BGR, rev_byteorder=True)
        with closing(bitmap):
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
            until = time.monotonic() + RENDER_STEP_SECONDS
            pause = pdfium.IFSDK_PAUSE(version=1)
            kind = type(pause.NeedToPauseNow)
            pause.NeedToPauseNow = kind(lambda _: time.monotonic() >= until)
            page, spent_seconds = self._page, 0.0
            try:
                state = pdfium.FPDF_RenderPageBitmap_Start(
                    bitmap, page, 0, 0, *size, 0, flags, byref(pause)
                )
                while state == pdfium.FPDF_RENDER_TOBECONTINUED:
                    spent_seconds += RENDER_STEP_SECONDS
                    if spent_seconds > RENDER_SECONDS_MAX:
                        raise _too_large(
                            f"Rendering page {self.number}", RENDER_SECONDS_MAX, "seconds"
                        )
                    yield PageProgress(0)
                    until = time.monotonic() + RENDER_STEP_SECONDS
                    state = pdfium.FPDF_RenderPage_Continue(page, byref(pause))
            finally:
                pdfium.FPDF_RenderPage_Close(page)
            if state != pdfium.FPDF_RENDER_DONE:
                raise _unreadable(f"Page {self.number} cannot be rendered.")
            return np.array(bitmap.to_numpy(), dtype=np.uint8)

    def _to_pixels(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how points of the page become pixels: a matrix [2, 2] and an offset [2]."""
        origin, right, up = (self._pixel(*point) for point in ((0, 0), (1000, 0), (0, 1000)))
        return np.array([right - origin, up - origin]) / 1000, origin

    def _pixel(self, x: float, y: float) -> NDArray[np.float64]:
        size = (self.width_px * _SUBPIXELS, self.height_px * _SUBPIXELS)
        across, down = c_int(), c_int()
        pdfium.FPDF_PageToDevice(self._page, 0, 0, *size, 0, x, y, byref(across), byref(down))
        return np.array([across.value, down.value]) / _SUBPIXELS


def _glyph(
    text: pypdfium2.PdfTextPage,
    index: int,
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
) -> Glyph:
    code = pdfium.FPDFText_GetUnicode(text, index)
    # Half of a pair is no character, and no text could carry it.
    character = "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)
    if pdfium.FPDFText_IsGenerated(text, index) == 1:
        return Glyph(character, 0, 0, 0, 0)
    bounds = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text, index, byref(bounds))
    (x1, y1), (x2, y2) = (
        np.array([[bounds.left, bounds.bottom], [bounds.right, bounds.top]]) @ matrix + offset
    ).tolist()
    is_certain = pdfium.FPDFText_HasUnicodeMapError(text, index) != 1
    return Glyph(character, min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2), is_certain)


def _opened(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise InvalidInput(
                Reason.DOCUMENT_LOCKED,
                "The document asks for a password; send a copy without one.",
            ) from error
        raise _unreadable("The content is no document that can be read.") from error


def _page(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise _unreadable(f"Page {number:,} of the document is not there.") from error
    if min(page.get_size()) <= 0:
        page.close()
        raise _unreadable(f"Page {number:,} of the document has no size.")
    return page


def _require_modest(page: pypdfium2.PdfPage, number: int) -> None:
    """Refuse a page that would take too much to render."""
    pixel_count = 0
    for count, thing in enumerate(page.get_objects(max_depth=_FORM_DEPTH_MAX), start=1):
        if count > PAGE_OBJECTS_MAX:
            raise _too_large(f"More on page {number:,}", PAGE_OBJECTS_MAX, "objects")
        if thing.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            width, height = c_uint(), c_uint()
            pdfium.FPDFImageObj_GetImagePixelSize(thing, byref(width), byref(height))
            require_pixels(width.value, height.value)
            pixel_count += width.value * height.value
            if pixel_count > PAGE_PIXELS_MAX:
                raise _too_large(f"The pictures of page {number:,}", PAGE_PIXELS_MAX, "pixels")


def _unreadable(message: str) -> InvalidInput:
    return InvalidInput(Reason.DOCUMENT_UNREADABLE, message)


def _too_large(what: str, limit: int, unit: str, hint: str = "") -> InvalidInput:
    return InvalidInput(
        Reason.MEDIA_TOO_LARGE,
        f"{what} would be beyond the limit of {limit:,} {unit}{hint}.",
        metadata={f"{unit}_max": str(limit)},
    )
