"""Keys of chunks: they sort as the results do, and name the same result the same way."""

import hashlib


def span_key(start_ms: int, end_ms: int) -> str:
    """Name what covers a span of the recording; sorts by start."""
    return f"{start_ms:010d}-{end_ms:010d}"


def place_key(index: int) -> str:
    """Name what has a place in a list; sorts by place."""
    return f"{index:08d}"


def made_key(index: int, *inputs: str) -> str:
    """Name what was made from texts at a place: other texts give another key."""
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    return f"{place_key(index)}-{digest[:16]}"
