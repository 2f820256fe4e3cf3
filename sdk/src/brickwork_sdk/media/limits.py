"""How much of a medium is taken before it is refused."""

INLINE_BYTES_MAX = 1024 * 1024
"""Largest medium that may travel inside a message; bigger ones travel as objects."""

DURATION_MS_MAX = 24 * 60 * 60 * 1000
"""Longest recording, a day: a damaged clock must not become endless silence."""

PIXELS_MAX = 40_000_000
"""Largest picture or frame: 8K video has 33 million pixels, A4 at 600 dpi 35 million."""
