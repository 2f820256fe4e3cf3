"""How a picture lies, and the way from there to upright and back."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brickwork_ocr.engine import Box, Line, Region

Corners = NDArray[np.float32]


@dataclass(frozen=True)
class Turn:
    """How a picture lies: its lines are turned clockwise against upright.

    Attributes:
        width_px: of the picture as it is.
        height_px: of the picture as it is.
        quarters: quarter turns, 0 to 3.
        skew_degrees: what it is turned by besides, a few degrees to either side.
    """

    width_px: int
    height_px: int
    quarters: int = 0
    skew_degrees: float = 0.0

    def upright(self, corners: Corners) -> Box:
        """Enclose four corners, float [4, 2] as x and y in the picture, as they stand upright."""
        turned = (corners - self._centre) @ self._matrix + self._upright_centre
        return _enclosing(turned)

    def line(self, line: Line) -> Line:
        """Return an upright line with its box in the picture."""
        return replace(line, box=self._back(line.box))

    def region(self, region: Region) -> Region:
        """Return an upright region with all boxes in the picture."""
        lines = tuple(map(self.line, region.lines))
        return Region(region.kind, self._back(region.box), lines)

    def _back(self, box: Box) -> Box:
        sides = (box.left_px, box.right_px), (box.top_px, box.bottom_px)
        corners = np.array([(x, y) for x in sides[0] for y in sides[1]], dtype=np.float64)
        found = _enclosing((corners - self._upright_centre) @ self._matrix.T + self._centre)
        return Box(
            min(max(0, found.left_px), self.width_px),
            min(max(0, found.top_px), self.height_px),
            max(0, min(self.width_px, found.right_px)),
            max(0, min(self.height_px, found.bottom_px)),
        )

    @property
    def _matrix(self) -> NDArray[np.float64]:
        # As y points down, this turns row vectors counter-clockwise, which undoes the turn.
        angle = math.radians(90 * self.quarters + self.skew_degrees)
        sine, cosine = math.sin(angle), math.cos(angle)
        return np.array([[cosine, -sine], [sine, cosine]])

    @property
    def _centre(self) -> NDArray[np.float64]:
        return np.array([self.width_px / 2, self.height_px / 2])

    @property
    def _upright_centre(self) -> NDArray[np.float64]:
        return self._centre[::-1] if self.quarters % 2 else self._centre


def _enclosing(points: NDArray[np.float64]) -> Box:
    # A turn by a quarter has sines that are all but whole; they must not move an edge by a pixel.
    exact = np.round(points, 3)
    left, top = np.floor(exact.min(axis=0)).astype(int)
    right, bottom = np.ceil(exact.max(axis=0)).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))
