"""Spans of time as people write them."""

import re

from brickwork_sdk.errors import InvalidInput, Reason

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def parse_span(text: str) -> float:
    """Return the seconds of a span such as `90s`, `60m`, `1.5h` or `2d`; a bare number is seconds.

    Raises:
        InvalidInput: ARGUMENT_INVALID.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|min|h|d)?", text.strip())
    if match is None:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"A span of time is written like 90s, 60m or 1.5h, and not {text!r}.",
            metadata={"span": text},
        )
    return float(match[1]) * _UNITS[match[2] or ""]


def format_span(seconds: float) -> str:
    """Return a span as people read it, such as `8 s`, `3 min` or `2 h 5 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
