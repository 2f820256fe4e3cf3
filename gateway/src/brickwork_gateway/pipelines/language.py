"""Which language a recording is in."""

from collections import Counter
from collections.abc import Sequence
from typing import Any


def spoken_language(segments: Sequence[dict[str, Any]], wanted: str | None) -> str | None:
    """Return the language of most of the speech by time; None when nobody speaks.

    Args:
        segments: each with `start_ms`, `end_ms` and `language`.
        wanted: what the caller said; counts when no segment knows better.
    """
    spoken_ms: Counter[str] = Counter()
    for segment in segments:
        if segment["language"]:
            spoken_ms[segment["language"]] += segment["end_ms"] - segment["start_ms"]
    if spoken_ms:
        return spoken_ms.most_common(1)[0][0]
    return wanted if segments else None
