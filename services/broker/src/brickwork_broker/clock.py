"""The broker's clock: time in which nobody could be heard does not count."""

from collections.abc import Callable

STEP_MS_MAX = 2_000
"""The most that one reading moves it: the broker reads it at least twice a second."""


class AwakeClock:
    """A clock in milliseconds that never goes back and stands still while its broker is frozen.

    A broker that was stopped and goes on would otherwise find every token expired, because it has
    read no renewal meanwhile, and all loaded models would go for nothing.

    Args:
        read_ms: a monotonic clock.
    """

    def __init__(self, read_ms: Callable[[], int]) -> None:
        self._read_ms = read_ms
        self._read_before_ms = self._now_ms = read_ms()

    def __call__(self) -> int:
        """Return the time in milliseconds."""
        read_ms = self._read_ms()
        self._now_ms += min(read_ms - self._read_before_ms, STEP_MS_MAX)
        self._read_before_ms = read_ms
        return self._now_ms
