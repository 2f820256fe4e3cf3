"""Time that stands still until a test moves it."""


class ManualClock:
    """A monotonic clock in seconds, to be called like `time.monotonic`."""

    def __init__(self, now_seconds: float = 0.0) -> None:
        self._now_seconds = now_seconds

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self._now_seconds

    def advance(self, seconds: float) -> None:
        """Let so much time go by."""
        self._now_seconds += seconds
