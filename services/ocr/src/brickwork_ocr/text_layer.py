"""Lines out of the characters that a page holds as text, and whether they can be trusted."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brickwork_ocr.engine import Box, Line

CHARACTERS_MAX = 50_000
"""A page that holds more is looked at instead; a dense page of a newspaper has 20,000."""

NONSENSE_SHARE_MAX = 0.2
"""A font that does not say which characters its shapes are leaves controls, private characters and
symbols; of real text a few in a hundred are symbols."""

GAP_HEIGHTS_MIN = 2.0
"""Between two columns of a table lie at least so many heights of a line, between two words half a
one, in justified text up to one."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character and its box in pixels; one that PDFium adds between others has no width.

    `is_certain` is False where the font does not say which character this is.
    """

    character: str
    left_px: float
    top_px: float
    right_px: float
    bottom_px: float
    is_certain: bool = True


def is_sensible(glyphs: Sequence[Glyph]) -> bool:
    """Tell whether this is text that somebody could have meant."""
    seen = [glyph for glyph in glyphs if not glyph.character.isspace()]
    if not any(glyph.character.isalnum() for glyph in seen):
        return False
    bad = sum(not glyph.is_certain or _is_odd(glyph.character) for glyph in seen)
    return bad <= NONSENSE_SHARE_MAX * len(seen)


def lines_of(glyphs: Sequence[Glyph], width_px: int, height_px: int) -> tuple[Line, ...]:
    """Put characters together to the lines that stand on a page of this size.

    Args:
        glyphs: in the order of the document, with the line breaks that PDFium adds.
        width_px: of the page; what lies outside is left out.
        height_px: of the page.
    """
    found = (_line(piece, width_px, height_px) for piece in _pieces(glyphs))
    return tuple(line for line in found if line is not None)


def _pieces(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """Part them where a line ends, and where a column does within a row."""
    piece: list[Glyph] = []
    before: Glyph | None = None
    for glyph in glyphs:
        if glyph.character in "\r\n":
            yield piece
            piece, before = [], None
            continue
        if not glyph.character.isspace():
            if before is not None and _is_gap(before, glyph):
                yield piece
                piece = []
            before = glyph
        piece.append(glyph)
    yield piece


def _is_gap(before: Glyph, after: Glyph) -> bool:
    shared_px = min(before.bottom_px, after.bottom_px) - max(before.top_px, after.top_px)
    height_px = max(1.0, before.bottom_px - before.top_px)
    # To either side, because some scripts run to the left.
    gap_px = max(after.left_px - before.right_px, before.left_px - after.right_px)
    return shared_px > 0 and gap_px > GAP_HEIGHTS_MIN * height_px


def _line(piece: list[Glyph], width_px: int, height_px: int) -> Line | None:
    text = " ".join("".join(map(_plain, piece)).split())
    solid = [glyph for glyph in piece if not glyph.character.isspace()]
    if not text or not solid:
        return None
    box = Box(
        max(0, int(min(glyph.left_px for glyph in solid))),
        max(0, int(min(glyph.top_px for glyph in solid))),
        min(width_px, int(max(glyph.right_px for glyph in solid)) + 1),
        min(height_px, int(max(glyph.bottom_px for glyph in solid)) + 1),
    )
    if box.right_px <= box.left_px or box.bottom_px <= box.top_px:
        return None
    return Line(text, None, box)


def _plain(glyph: Glyph) -> str:
    """Return what a character says: ligatures in letters, hyphens as such, no controls."""
    character = glyph.character
    if "\ufb00" <= character <= "\ufb06":
        return unicodedata.normalize("NFKC", character)
    if character in "\x02\ufffe\u00ad":
        return "-"  # What PDFium gives for a hyphen at the end of a line.
    return "" if unicodedata.category(character) in ("Cc", "Cs", "Cn") else character


def _is_odd(character: str) -> bool:
    return character not in "\x02\ufffe\u00ad" and (
        character == "\ufffd" or unicodedata.category(character)[0] in "CS"
    )
