"""When an engine has served long enough that a fresh one should take its place.

Libraries keep memory for each new shape of input, and leak it; what they keep is only given back
with their process.
"""

from collections import deque
from dataclasses import dataclass

WINDOW_CALLS = 10
"""Memory is compared by the least after so many calls: the first ones fill caches, and one that
ends beside another has the memory of both."""


@dataclass(frozen=True)
class Recycling:
    """What an engine may serve before it is replaced; 0 is without end.

    Attributes:
        after_calls: so many calls.
        growth_bytes: so much private memory more than after its first calls.
    """

    after_calls: int = 0
    growth_bytes: int = 0


NEVER_RECYCLED = Recycling()


class Wear:
    """Judges one engine process from call to call."""

    def __init__(self, recycling: Recycling) -> None:
        self._recycling = recycling
        self._call_count = 0
        self._first_bytes = 0
        self._last: deque[int] = deque(maxlen=WINDOW_CALLS)

    def note(self, call_count: int, private_bytes: int) -> None:
        """Take in how many calls it has served so far, and what it takes now that one ended."""
        self._call_count = call_count
        self._last.append(private_bytes)
        if not self._first_bytes and len(self._last) == WINDOW_CALLS:
            self._first_bytes = min(self._last)

    @property
    def is_worn(self) -> bool:
        """Whether a fresh process should take its place."""
        after_calls, growth_bytes = self._recycling.after_calls, self._recycling.growth_bytes
        has_grown = self._first_bytes and min(self._last) - self._first_bytes >= growth_bytes
        return bool(
            (after_calls and self._call_count >= after_calls) or (growth_bytes and has_grown)
        )
