"""How the pages of a document are read, whatever reads a single picture."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.engine import DocumentRequest, Line, Page, PageLayout, PageProgress, Source
from brickwork_ocr.layout import regions_of
from brickwork_ocr.pdf import PdfPage, pages
from brickwork_ocr.reading_order import in_reading_order
from brickwork_ocr.text_layer import is_sensible, lines_of
from brickwork_ocr.turn import Turn
from brickwork_sdk.media.image import read_image
from brickwork_sdk.media.signature import is_pdf

_Made = TypeVar("_Made", Page, PageLayout)

STAMP_GLYPHS_MAX = 100
"""A page that a picture covers is a scan, and so few characters on it are a stamp or its number."""


@dataclass(frozen=True)
class Reading:
    """What was read of a picture: lines in any order, with boxes as if it stood upright."""

    lines: tuple[Line, ...]
    turn: Turn


Read = Callable[[NDArray[np.uint8]], Generator[PageProgress, None, Reading]]
"""Reads a picture, uint8 [height, width, 3] RGB, step by step."""


@dataclass(frozen=True)
class Sheet:
    """A page as it was read."""

    number: int
    reading: Reading
    source: Source


def read_pages(request: DocumentRequest, read: Read) -> Iterator[Page | PageProgress]:
    """Read the pages that are asked for.

    Raises:
        IMAGE_UNREADABLE, DOCUMENT_*, MEDIA_*: the file is none that can be read.
    """
    return _made(_page, request, read)


def lay_out_pages(request: DocumentRequest, read: Read) -> Iterator[PageLayout | PageProgress]:
    """Tell what the pages that are asked for are made of.

    Raises:
        IMAGE_UNREADABLE, DOCUMENT_*, MEDIA_*: the file is none that can be read.
    """
    return _made(_layout, request, read)


def _made(
    make: Callable[[Sheet], _Made], request: DocumentRequest, read: Read
) -> Iterator[_Made | PageProgress]:
    for sheet in _sheets(request, read):
        yield sheet if isinstance(sheet, PageProgress) else make(sheet)


def _page(sheet: Sheet) -> Page:
    turn = sheet.reading.turn
    lines = tuple(map(turn.line, in_reading_order(sheet.reading.lines)))
    return Page(
        sheet.number, turn.width_px, turn.height_px, lines, sheet.source, 90 * turn.quarters
    )


def _layout(sheet: Sheet) -> PageLayout:
    turn = sheet.reading.turn
    regions = tuple(map(turn.region, regions_of(sheet.reading.lines)))
    return PageLayout(
        sheet.number, turn.width_px, turn.height_px, regions, sheet.source, 90 * turn.quarters
    )


def _sheets(request: DocumentRequest, read: Read) -> Iterator[Sheet | PageProgress]:
    if not is_pdf(request.path):
        # Handed on without a name here: of several pages that are read by turns, only lines are
        # held.
        reading = yield from read(read_image(request.path))
        yield Sheet(1, reading, "picture")
        return
    with closing(pages(request.path, request.first_page, request.last_page)) as found:
        for page in found:
            lines = _text_layer(page)
            if lines is None:
                reading = yield from read((yield from _rendered(page)))
                yield Sheet(page.number, reading, "picture")
            else:
                turn = Turn(page.width_px, page.height_px)
                yield Sheet(page.number, Reading(lines, turn), "text_layer")


def _rendered(page: PdfPage) -> Generator[PageProgress, None, NDArray[np.uint8]]:
    """Render a page and let go of it, with the pictures that PDFium has unpacked for that."""
    with closing(page):
        return (yield from page.rendered())


def _text_layer(page: PdfPage) -> tuple[Line, ...] | None:
    """Return the lines that a page holds as text; None where it has to be looked at."""
    glyphs = page.glyphs()
    if not is_sensible(glyphs):
        return None
    if len(glyphs) <= STAMP_GLYPHS_MAX and page.is_covered():
        return None
    return lines_of(glyphs, page.width_px, page.height_px)
