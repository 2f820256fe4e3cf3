"""The few shapes in which pictures and lines reach the networks.

ONNX Runtime plans memory for each shape of its inputs, and on a GPU its arena and the search for
convolutions grow with every new one; free sizes made servers like this one grow without end. So a
picture is padded to one of five lengths on each side, a line to one of fifteen widths, and lines
come by one, two or four.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDES_PX = (736, 960, 1152, 1280, 1600)
"""Lengths of the sides of a picture; multiples of 32, as the network needs them."""

LINE_HEIGHT_PX = 48
LINE_WIDTHS_PX = (
    *(320, 416, 512, 640, 800, 992, 1248, 1568),
    *(1952, 2432, 3040, 3808, 4768, 5952, 7456),
)
"""A quarter more from each to the next, so that a ninth is padding on average; a line of 10 px on
the widest page has the last. What is wider still is squeezed."""

BATCHES = (4, 2, 1)
"""Lines that are read together."""

Pixels = NDArray[np.uint8]


def fitted(pixels: Pixels, side_px_max: int) -> tuple[Pixels, float]:
    """Scale a picture as the detector needs it: not too large, and small ones up.

    Args:
        pixels: uint8 [height, width, 3].
        side_px_max: the longest side that it may have after that.

    Returns:
        The picture, and its scale against the original.
    """
    height_px, width_px = pixels.shape[:2]
    longest, shortest = max(height_px, width_px), min(height_px, width_px)
    # Below that side the network was not trained; a narrow strip stays as long as may be.
    scale = min(side_px_max / longest, max(1.0, SIDES_PX[0] / shortest))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8), scale


def padded(pixels: Pixels) -> Pixels:
    """Pad a picture of at most 1,600 px to the next lengths, right and below, with its ground."""
    height_px, width_px = pixels.shape[:2]
    below_px, right_px = (
        _next(height_px, SIDES_PX) - height_px,
        _next(width_px, SIDES_PX) - width_px,
    )
    if not (below_px or right_px):
        return pixels
    # Of every eighth pixel: the ground is what there is most of, and a median of all takes 20 ms.
    ground = tuple(int(level) for level in np.median(pixels[::8, ::8], axis=(0, 1)))
    return np.asarray(
        cv2.copyMakeBorder(pixels, 0, below_px, 0, right_px, cv2.BORDER_CONSTANT, value=ground),
        dtype=np.uint8,
    )


def line_width_px(crop: Pixels) -> int:
    """Return the width at which a line reaches the network, from its shape alone."""
    height_px, width_px = crop.shape[:2]
    return _next(-(-width_px * LINE_HEIGHT_PX // height_px), LINE_WIDTHS_PX)


def line_batch(crops: list[Pixels], width_px: int) -> NDArray[np.float32]:
    """Make the input of the recogniser of lines that have this width or less.

    Args:
        crops: uint8 [height, width, 3] each.
        width_px: one of `LINE_WIDTHS_PX`.

    Returns:
        float32 [count, 3, 48, width] in [-1, 1]; what is padded is 0, the middle grey.
    """
    batch = np.zeros((len(crops), 3, LINE_HEIGHT_PX, width_px), dtype=np.float32)
    for row, crop in zip(batch, crops, strict=True):
        height, width = crop.shape[:2]
        own_px = min(width_px, max(1, -(-width * LINE_HEIGHT_PX // height)))
        small = cv2.resize(crop, (own_px, LINE_HEIGHT_PX))
        row[:, :, :own_px] = small.transpose(2, 0, 1) / np.float32(127.5) - 1
    return batch


def _next(length: int, lengths: tuple[int, ...]) -> int:
    return next((one for one in lengths if one >= length), lengths[-1])
