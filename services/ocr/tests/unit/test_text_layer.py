"""What a PDF holds as text: lines, places, and whether it can be trusted."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from brickwork_ocr.documents import Reading, read_pages
from brickwork_ocr.engine import DocumentRequest, Line, Page, PageProgress
from brickwork_ocr.text_layer import Glyph, is_sensible, lines_of
from brickwork_ocr.turn import Turn
from brickwork_sdk.testing.documents import Sheet, Words, page_of, write_pdf

Seen = list[NDArray[np.uint8]]


def glyphs(text: str, step_px: float = 10.0) -> list[Glyph]:
    """Set characters side by side, each 8 px wide and 20 px high."""
    return [
        Glyph(character, at * step_px, 0, at * step_px + 8, 20) for at, character in enumerate(text)
    ]


def read(path: Path, first: int = 1, last: int | None = None) -> tuple[list[Page], Seen]:
    """Return the pages, and the pictures that had to be looked at."""
    seen: Seen = []

    def look(pixels: NDArray[np.uint8]) -> Generator[PageProgress, None, Reading]:
        seen.append(pixels)
        yield PageProgress(0)
        return Reading((), Turn(pixels.shape[1], pixels.shape[0]))

    events = read_pages(DocumentRequest(path, first, last), look)
    return [event for event in events if isinstance(event, Page)], seen


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def test_text_of_a_page_is_taken_from_it_with_its_places(tmp_path: Path) -> None:
    sheet = page_of(Words(72, 700, 24, "A heading"), Words(72, 650, 12, "Brackets (and) so on."))
    [page], seen = read(write_pdf(tmp_path / "a.pdf", [sheet]))
    assert (texts(page), page.source, seen) == (
        ["A heading", "Brackets (and) so on."],
        "text_layer",
        [],
    )
    # 842 points are 1,600 px; a loose box of 24 points begins at the height of its capitals.
    assert (page.width_px, page.height_px) == (1131, 1600)
    heading = page.lines[0]
    assert heading.confidence is None
    assert heading.box.left_px == pytest.approx(72 * 1.9, abs=3)
    assert heading.box.bottom_px == pytest.approx((842 - 700) * 1.9, abs=15)
    assert heading.box.top_px == pytest.approx((842 - 724) * 1.9, abs=15)


def test_places_are_those_of_the_page_as_it_is_shown(tmp_path: Path) -> None:
    content = page_of(Words(72, 700, 24, "On its side")).content
    [page], _ = read(write_pdf(tmp_path / "a.pdf", [Sheet(content, rotate=90)]))
    assert (page.width_px, page.height_px) == (1600, 1131)
    [line] = page.lines
    assert line.box.bottom_px - line.box.top_px > 3 * (line.box.right_px - line.box.left_px)
    assert line.box.left_px == pytest.approx(700 * 1.9, abs=15)


def test_a_page_without_text_is_rendered_and_looked_at(tmp_path: Path) -> None:
    square = Sheet(b"0 0 300 842 re f")
    [page], [pixels] = read(write_pdf(tmp_path / "a.pdf", [square]))
    assert (page.source, page.number) == ("picture", 1)
    assert pixels.shape == (1600, 1131, 3)
    assert (pixels[:, :560].max(), pixels[:, 580:].min()) == (0, 255)


def test_each_page_is_judged_by_itself_and_only_those_asked_for_are_read(tmp_path: Path) -> None:
    sheets = [page_of(Words(72, 700, 12, f"Page {number}")) for number in (1, 2, 3)]
    path = write_pdf(tmp_path / "a.pdf", [*sheets, Sheet()])
    pages, seen = read(path, 2, 4)
    assert [(page.number, texts(page), page.source) for page in pages] == [
        (2, ["Page 2"], "text_layer"),
        (3, ["Page 3"], "text_layer"),
        (4, [], "picture"),
    ]
    assert len(seen) == 1


def test_text_in_a_font_that_names_no_characters_is_not_believed(tmp_path: Path) -> None:
    names = b"".join(b"/g%d" % code for code in range(32, 123))
    nameless = b"<</Type/Encoding/Differences[32 " + names + b"]>>"
    sheet = page_of(Words(72, 700, 12, "Nobody can know what this says."))
    [page], seen = read(write_pdf(tmp_path / "a.pdf", [sheet], encoding=nameless))
    assert (page.source, len(seen)) == ("picture", 1)


def test_a_scan_with_a_stamp_is_looked_at(tmp_path: Path) -> None:
    grey = b"/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8"
    stamp = page_of(Words(72, 20, 12, "Scanned page 1")).content
    for size, source in ((595, "picture"), (100, "text_layer")):
        drawn = b"q %d 0 0 %d 0 0 cm /Im1 Do Q " % (size, size)
        sheet = Sheet(drawn + stamp, picture=(grey, bytes(64)))
        [page], _ = read(write_pdf(tmp_path / "a.pdf", [sheet]))
        assert page.source == source


def test_an_image_is_one_page(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "white").save(tmp_path / "a.png")
    [page], seen = read(tmp_path / "a.png")
    assert (page.number, page.width_px, page.height_px, len(seen)) == (1, 60, 40, 1)


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("Total: 12.30 (net)", True),
        ("Contents ........................ 7", True),
        ("Ωμέγα и кириллица", True),
        ("", False),
        (" . - . ", False),
        ("\ufffd" * 5 + "abc", False),
        ("\ue001\ue002\ue003 a", False),
        ("\x03\x04\x05 1", False),
    ],
)
def test_nonsense_is_told_from_text(text: str, is_good: bool) -> None:
    assert is_sensible(glyphs(text)) is is_good


def test_rows_fall_apart_at_the_gaps_of_columns() -> None:
    row = glyphs("left one") + [
        Glyph(glyph.character, glyph.left_px + 200, 0, glyph.right_px + 200, 20)
        for glyph in glyphs("right")
    ]
    assert [line.text for line in lines_of(row, 1000, 1000)] == ["left one", "right"]


def test_what_a_line_says_has_no_controls_and_no_ligatures() -> None:
    line = "\ufb01ne\x00 \ud800 so\x02\r\n"
    assert [one.text for one in lines_of(glyphs(line), 1000, 1000)] == ["fine so-"]


def test_what_lies_outside_of_the_page_is_not_read() -> None:
    assert lines_of(glyphs("here"), 5, 1000)[0].box.right_px == 5
    away = [Glyph("a", -50, -50, -20, -30)]
    assert lines_of(away, 100, 100) == ()


def test_a_line_keeps_the_box_of_its_letters() -> None:
    [line] = lines_of(glyphs(" ab "), 1000, 1000)
    assert line == Line("ab", None, line.box)
    assert (line.box.left_px, line.box.right_px, line.box.bottom_px) == (10, 29, 21)
