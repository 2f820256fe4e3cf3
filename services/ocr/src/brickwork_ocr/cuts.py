"""Lines cut out of a picture so that they stand upright, and how the picture lies by them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Quads = NDArray[np.float32]
"""Corners of lines, float32 [count, 4, 2] as x and y: in the picture top left, top right, bottom
right, bottom left."""

TALL = 1.5
"""A line so many times higher than wide stands on end."""
SAMPLES_MAX = 3
SAMPLE_RATIO_MAX = 25.0
"""Longer lines say no more of how a picture lies, and cost more."""
SKEW_RATIO_MIN = 5.0
"""The angle of a line shorter than this is that of its letters."""
SKEW_DEGREES_MIN, SKEW_DEGREES_MAX = 0.5, 20.0
"""Below, no row runs into the next one; above, it is no scan that was laid down carelessly."""


def lies_sideways(quads: Quads) -> bool:
    """Tell whether most of the lines stand on end, by their lengths."""
    widths, heights = _sizes(quads)
    is_tall = heights >= TALL * widths
    return bool(heights[is_tall].sum() > widths[~is_tall].sum())


def samples(quads: Quads) -> list[int]:
    """Choose the lines that tell best how a picture lies: the longest, but not the very longest."""
    sizes = np.sort(np.stack(_sizes(quads)), axis=0)
    ratios = sizes[1] / np.maximum(sizes[0], 1)
    told = np.where(ratios <= SAMPLE_RATIO_MAX, ratios, -ratios)
    return [int(at) for at in np.argsort(-told, kind="stable")[:SAMPLES_MAX]]


def skew_degrees(quads: Quads, quarters: int) -> float:
    """Return by how much the lines lean clockwise besides the quarter turns; 0 for next to none."""
    widths, heights = _sizes(_as_read(quads, quarters))
    long = _as_read(quads, quarters)[widths >= SKEW_RATIO_MIN * heights]
    if not len(long):
        return 0.0
    along = long[:, 1] - long[:, 0]
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0])) - 90 * quarters
    skew = float(np.median((angles + 180) % 360 - 180))
    return skew if SKEW_DEGREES_MIN <= abs(skew) <= SKEW_DEGREES_MAX else 0.0


def cut(picture: Pixels, quads: Quads, quarters: int) -> list[Pixels]:
    """Cut lines out of a picture that lies so many quarter turns clockwise from upright.

    A line that stands on end all the same is laid down to its left.
    """
    return [_cut(picture, quad) for quad in _as_read(quads, quarters)]


def _as_read(quads: Quads, quarters: int) -> Quads:
    """Have the corner first at which the text begins."""
    return np.roll(quads, -quarters, axis=1)


def _sizes(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return widths and heights, by the longer one of two sides each."""
    sides = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    return np.maximum(sides[:, 0], sides[:, 2]), np.maximum(sides[:, 1], sides[:, 3])


def _cut(picture: Pixels, quad: NDArray[np.float32]) -> Pixels:
    (width,), (height,) = _sizes(quad[None])
    if height >= TALL * width:
        quad, width, height = np.roll(quad, -1, axis=0), height, width
    width_px, height_px = max(1, int(width)), max(1, int(height))
    upright = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)])
    matrix = cv2.getPerspectiveTransform(quad, upright.astype(np.float32))
    size = (width_px, height_px)
    found = cv2.warpPerspective(
        picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, dtype=np.uint8)


def by_width(widths_px: Sequence[int]) -> list[list[int]]:
    """Group indices of equal widths, the narrow ones first."""
    return [
        [at for at, one in enumerate(widths_px) if one == width_px]
        for width_px in sorted(set(widths_px))
    ]
