"""Pages of print with known text, as a scanner would give them."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tools.quality import ROOT

READINGS = ROOT / "tests" / "data" / "reading"
WIDTH_PX, HEIGHT_PX = 1240, 1754
"""A4 at 150 dots an inch."""
MARGIN_PX = 110
COLUMN_WORDS = 330
"""So many in a column; two of them fill a page."""
INK, PAPER = (28, 26, 24), (252, 250, 246)
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Print:
    """A page: a picture and the words on it in the order of reading."""

    kind: str
    pixels: Pixels
    text: str


def pages(names: tuple[str, ...]) -> Iterator[Print]:
    """Yield a page of each kind, set from these texts by turns, `alice-1` to `alice-5`.

    The text is Lewis Carroll's, in the public domain; the font is the one that Pillow brings.
    """
    for at, (kind, (size_px, columns, spoil)) in enumerate(_KINDS.items()):
        words = _plain((READINGS / f"{names[at % len(names)]}.txt").read_text("utf-8")).split()
        words = words[: COLUMN_WORDS * columns]
        picture, count = _set(words, size_px, columns)
        yield Print(kind, spoil(picture), " ".join(words[:count]))


def _set(words: list[str], size_px: int, columns: int) -> tuple[Image.Image, int]:
    """Set a page full of words; returns it and how many there was room for."""
    page = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size_px)
    gutter_px = 60
    width_px = (WIDTH_PX - 2 * MARGIN_PX - gutter_px * (columns - 1)) / columns
    used = 0
    for column in range(columns):
        left_px, top_px = MARGIN_PX + column * (width_px + gutter_px), MARGIN_PX
        while top_px + 1.5 * size_px < HEIGHT_PX - MARGIN_PX and used < len(words):
            line = words[used]
            while used + 1 < len(words) and pen.textlength(f"{line} {words[used + 1]}", font) < (
                width_px
            ):
                used += 1
                line += f" {words[used]}"
            pen.text((left_px, top_px), line, INK, font)
            used += 1
            top_px += round(1.5 * size_px)
    return page, used


def _plain(text: str) -> str:
    """Leave what the font has."""
    quotes = str.maketrans("\u2018\u2019\u201c\u201d\u2014\u2013", "''\"\"--")
    return text.translate(quotes).encode("ascii", "ignore").decode()


def _clean(page: Image.Image) -> Pixels:
    return np.asarray(page, dtype=np.uint8)


def _noisy(page: Image.Image) -> Pixels:
    """Add the noise of a bad sensor, specks of dust, and hard compression."""
    lot = np.random.default_rng(1)
    noisy = np.asarray(page, np.float32) + lot.normal(0, 25, (HEIGHT_PX, WIDTH_PX, 1))
    specks = lot.random((HEIGHT_PX, WIDTH_PX)) < 0.002
    noisy[specks] = 40
    content = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(content, "JPEG", quality=30)
    return np.asarray(Image.open(content), dtype=np.uint8)


def _leaning(page: Image.Image) -> Pixels:
    """Lay the page down carelessly."""
    return np.asarray(page.rotate(2.5, Image.Resampling.BICUBIC, fillcolor=PAPER), dtype=np.uint8)


def _on_its_side(page: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.rot90(np.asarray(page, dtype=np.uint8)))


_KINDS: dict[str, tuple[int, int, Callable[[Image.Image], Pixels]]] = {
    "clean": (26, 1, _clean),
    "two columns": (24, 2, _clean),
    "small": (17, 1, _clean),
    "noisy": (26, 1, _noisy),
    "leaning": (26, 1, _leaning),
    "on its side": (30, 1, _on_its_side),
}


def save(page: Print, folder: Path) -> Path:
    """Write a page as PNG and return its path."""
    path = folder / f"{page.kind.replace(' ', '-')}.png"
    Image.fromarray(page.pixels).save(path, compress_level=1)
    return path
