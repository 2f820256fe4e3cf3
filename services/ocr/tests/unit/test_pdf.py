"""What is refused of a PDF, and that rendering makes room for others."""

import zlib
from pathlib import Path

import pytest

from brickwork_ocr import pdf
from brickwork_ocr.engine import PageProgress
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.probe_process import checked_document
from brickwork_sdk.testing.documents import Sheet, Words, page_of, write_pdf

WORDS = page_of(Words(72, 700, 12, "A page."))


async def look(path: Path, first: str = "1", last: str = "") -> dict[str, int]:
    return await checked_document(path, "brickwork_ocr.pdf", first, last, timeout_seconds=60)


async def test_a_look_tells_the_number_of_pages(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [WORDS] * 3)
    assert await look(path) == {"page_count": 3}
    assert await look(path, "2", "3") == {"page_count": 3}


async def test_pages_of_a_long_document_are_read_in_parts(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [Sheet()] * 301)
    with pytest.raises(InvalidInput) as caught:
        await look(path)
    assert caught.value.reason is Reason.MEDIA_TOO_LARGE
    assert caught.value.metadata == {"pages_max": "300"}
    assert await look(path, "2") == {"page_count": 301}


async def test_what_pdfium_would_need_too_much_memory_for_is_refused(tmp_path: Path) -> None:
    # A comment of a gigabyte out of some kB: nothing is drawn, and no limit but this is met.
    packer = zlib.compressobj()
    begun = packer.compress(b"%") + packer.flush(zlib.Z_FULL_FLUSH)
    blanks = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = Sheet(begun + 1000 * blanks, packed=b"/FlateDecode")
    path = write_pdf(tmp_path / "a.pdf", [bomb])
    assert path.stat().st_size < 100_000
    with pytest.raises(InvalidInput) as caught:
        await look(path)
    assert caught.value.reason in (Reason.DOCUMENT_UNREADABLE, Reason.MEDIA_TOO_LARGE)


async def test_the_pictures_of_a_page_are_counted_together(tmp_path: Path) -> None:
    grey = b"/Width 10000/Height 4000/ColorSpace/DeviceGray/BitsPerComponent 1"
    drawn = Sheet(b"/Im1 Do " * 3, picture=(grey, bytes(100)))
    path = write_pdf(tmp_path / "a.pdf", [drawn])
    with pytest.raises(InvalidInput) as caught:
        await look(path)
    assert caught.value.reason is Reason.MEDIA_TOO_LARGE
    assert caught.value.metadata == {"pixels_max": "100000000"}


def test_a_page_that_takes_long_is_rendered_in_steps_and_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "RENDER_STEP_SECONDS", 0.0)
    strokes = b"".join(b"0 %d m 595 %d l S " % (at, 842 - at) for at in range(842))
    path = write_pdf(tmp_path / "a.pdf", [Sheet(strokes)])
    for page in pdf.pages(path, 1, 1):
        assert set(page.rendered()) == {PageProgress(0)}
        monkeypatch.setattr(pdf, "RENDER_SECONDS_MAX", -1)
        with pytest.raises(InvalidInput) as caught:
            next(page.rendered())
        assert caught.value.reason is Reason.MEDIA_TOO_LARGE
