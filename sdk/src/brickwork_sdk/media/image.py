"""A still picture out of a file."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.limits import require_pixels
from brickwork_sdk.media.signature import open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
"""What is read: each is decoded by Pillow itself and names no other file."""


def read_image(path: Path) -> "NDArray[np.uint8]":
    """Read a picture as uint8 [height, width, 3], RGB, upright, on white.

    Of several pages the first is read. A photograph is turned as its EXIF tag
    says, and what is transparent becomes white, so that dark text stays legible.

    Raises:
        MEDIA_MISSING, MEDIA_NOT_A_FILE, MEDIA_EMPTY: there is nothing to read.
        IMAGE_UNREADABLE: the content is no picture that can be decoded.
        MEDIA_TOO_LARGE: it has more than 40 million pixels.
    """
    # Imported here: who only decodes, to see whether it can be done, is done in half the time.
    import numpy as np

    return np.array(decoded(path), dtype=np.uint8)


def decoded(path: Path) -> Image.Image:
    """Decode a picture to its end, for `read_image`; with the same errors."""
    with open(open_regular(path), "rb") as file, warnings.catch_warnings():
        # The limit of pixels is ours and comes before any of them is decoded.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        if not file.read(1):
            raise InvalidInput(Reason.MEDIA_EMPTY, "The file is empty.")
        file.seek(0)
        try:
            with Image.open(file, formats=FORMATS) as image:
                require_pixels(image.width, image.height)
                # In place, because a copy of the largest picture takes 120 MB.
                ImageOps.exif_transpose(image, in_place=True)
                image.load()
                return _on_white(image)
        except Image.DecompressionBombError as error:
            raise InvalidInput(
                Reason.MEDIA_TOO_LARGE, "The picture has too many pixels."
            ) from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            # Pillow raises SyntaxError for a damaged PNG or TIFF.
            raise InvalidInput(
                Reason.IMAGE_UNREADABLE, "The content is no picture that can be decoded."
            ) from error


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    # In place and onto three channels: each copy of the largest picture takes 120 or 160 MB.
    coloured = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", coloured.size, "white")
    white.paste(coloured, mask=coloured.getchannel("A"))
    return white
