"""Sizes of memory as people write them."""

import re

from brickwork_sdk.errors import InvalidInput, Reason

_UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


def parse_size(text: str) -> int:
    """Return the bytes of a size such as `8GiB`, `512MiB` or `1000`.

    Raises:
        InvalidInput: ARGUMENT_INVALID.
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)\s*([KMGT]iB)?", text.strip())
    if match is None:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"A size is written like 8GiB or 512MiB, and not {text!r}.",
            metadata={"size": text},
        )
    return int(float(match[1]) * _UNITS[match[2] or ""])


def format_size(size_bytes: int) -> str:
    """Return a size as people read it, such as `3.1 GiB`."""
    size, unit = float(size_bytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
