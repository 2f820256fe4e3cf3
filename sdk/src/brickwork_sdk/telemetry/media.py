"""How much of recordings was worked through: with engine time it gives the real-time factor."""

from brickwork_sdk.telemetry.metrics import MEDIA_SECONDS


class MediaMeter:
    """Counts what one call works through of a recording.

    Args:
        model: who works.
        start_ms: where the work begins.
    """

    def __init__(self, model: str, start_ms: int = 0) -> None:
        self._seconds = MEDIA_SECONDS.labels(model)
        self._done_ms = start_ms

    def reaches(self, done_ms: int) -> None:
        """Note that everything before `done_ms` has been worked on."""
        if done_ms > self._done_ms:
            self._seconds.inc((done_ms - self._done_ms) / 1000)
            self._done_ms = done_ms
