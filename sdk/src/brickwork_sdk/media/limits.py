"""How much of a medium is taken before it is refused."""

from brickwork_sdk.errors import InvalidInput, Reason

INLINE_BYTES_MAX = 1024 * 1024
"""Largest medium that may travel inside a message; bigger ones travel as objects."""

DURATION_MS_MAX = 24 * 60 * 60 * 1000
"""Longest recording, a day: a damaged clock must not become endless silence."""

PIXELS_MAX = 40_000_000
"""Largest picture or frame: 8K video has 33 million pixels, A4 at 600 dpi 35 million."""


def require_pixels(width_px: int, height_px: int) -> None:
    """Refuse a picture that would take too much memory.

    Raises:
        MEDIA_TOO_LARGE: it has more than `PIXELS_MAX` pixels.
    """
    if width_px * height_px > PIXELS_MAX:
        raise InvalidInput(
            Reason.MEDIA_TOO_LARGE,
            f"A picture of {width_px} by {height_px} pixels is beyond the limit "
            f"of {PIXELS_MAX:,} pixels.",
            metadata={"pixels_max": str(PIXELS_MAX)},
        )
