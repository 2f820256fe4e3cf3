"""Small PDFs for tests, written byte by byte so that each of their lies is a known one."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

A4_POINTS = (595, 842)
_ENCRYPTED = b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"00" * 32 + b">/U<" + b"11" * 32 + b">>>"


@dataclass(frozen=True)
class Words:
    """Words in Helvetica; the origin of a page is its bottom left corner, a point 1/72 inch."""

    left: float
    bottom: float
    size: float
    text: str

    @property
    def content(self) -> bytes:
        """What draws them."""
        text = self.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        place = f"/F1 {self.size} Tf 1 0 0 1 {self.left} {self.bottom} Tm"
        return f"BT {place} ({text}) Tj ET\n".encode("cp1252")


@dataclass(frozen=True)
class Sheet:
    """A page of a PDF.

    Attributes:
        content: what draws it; see `Words.content`. The font is `F1`, the picture `Im1`.
        picture: the dictionary and bytes of an image, if there is one.
        rotate: quarter turns clockwise for whoever looks at it, in degrees.
        size: width and height in points.
        packed: a filter of PDF that the content is packed by already, such as `/RunLengthDecode`.
    """

    content: bytes = b""
    picture: tuple[bytes, bytes] | None = None
    rotate: int = 0
    size: tuple[float, float] = A4_POINTS
    packed: bytes = b""


def page_of(*words: Words) -> Sheet:
    """Make a page that holds these words as text."""
    return Sheet(b"".join(one.content for one in words))


def write_pdf(
    path: Path,
    sheets: Sequence[Sheet],
    *,
    page_count: int | None = None,
    is_locked: bool = False,
    encoding: bytes = b"/WinAnsiEncoding",
) -> Path:
    """Write a PDF and return its path.

    Args:
        path: where to.
        sheets: its pages.
        page_count: how many it claims to have, if that is a lie.
        is_locked: whether it asks for a password; nothing in it is really encrypted.
        encoding: of its font, as PDF writes it.
    """
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    def add_stream(head: bytes, content: bytes, packed: bytes = b"") -> int:
        small = zlib.compress(content, 9)
        about = b"<<%s/Filter[/FlateDecode%s]/Length %d>>" % (head, packed, len(small))
        return add(about + b"stream\n" + small + b"\nendstream")

    catalogue, tree = add(b"<</Type/Catalog/Pages 2 0 R>>"), add(b"")
    font = add(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding%s>>" % encoding)
    kids: list[int] = []
    for sheet in sheets:
        content = add_stream(b"", sheet.content, sheet.packed)
        resources = b"/Font<</F1 %d 0 R>>" % font
        if sheet.picture is not None:
            head, pixels = sheet.picture
            picture = add_stream(b"/Type/XObject/Subtype/Image" + head, pixels)
            resources += b"/XObject<</Im1 %d 0 R>>" % picture
        box = f"0 0 {sheet.size[0]:g} {sheet.size[1]:g}".encode()
        kids.append(
            add(
                b"<</Type/Page/Parent %d 0 R/MediaBox[%s]/Rotate %d/Contents %d 0 R"
                b"/Resources<<%s>>>>" % (tree, box, sheet.rotate, content, resources)
            )
        )
    named = b" ".join(b"%d 0 R" % kid for kid in kids)
    count = len(kids) if page_count is None else page_count
    objects[tree - 1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, named)
    trailer = b"/Root %d 0 R/ID[<00><00>]" % catalogue
    if is_locked:
        trailer += b"/Encrypt %d 0 R" % add(_ENCRYPTED)
    path.write_bytes(_file(objects, trailer))
    return path


def _file(objects: Sequence[bytes], trailer: bytes) -> bytes:
    """Put the objects of a PDF together, with the table of where each begins."""
    content, table = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, body in enumerate(objects, start=1):
        table += b"%010d 00000 n \n" % len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    count = len(objects) + 1
    end = b"xref\n0 %d\n%strailer\n<</Size %d%s>>\n" % (count, table, count, trailer)
    return content + end + b"startxref\n%d\n%%%%EOF\n" % len(content)
