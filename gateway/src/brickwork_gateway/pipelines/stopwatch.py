"""How long a stage waited and how long it worked, kept apart."""

from collections.abc import Callable


class Stopwatch:
    """Counts on from what earlier attempts took; begins as working."""

    def __init__(self, clock: Callable[[], float], *, waited_ms: int, ran_ms: int) -> None:
        self._clock = clock
        self._waited_seconds = waited_ms / 1000
        self._ran_seconds = ran_ms / 1000
        self._is_waiting = False
        self._since = clock()

    @property
    def waited_ms(self) -> int:
        """Time spent waiting so far."""
        self._count()
        return round(self._waited_seconds * 1000)

    @property
    def ran_ms(self) -> int:
        """Time spent working so far."""
        self._count()
        return round(self._ran_seconds * 1000)

    def wait(self) -> None:
        """Count as waiting from now on."""
        self._count()
        self._is_waiting = True

    def work(self) -> None:
        """Count as working from now on."""
        self._count()
        self._is_waiting = False

    def _count(self) -> None:
        now = self._clock()
        if self._is_waiting:
            self._waited_seconds += now - self._since
        else:
            self._ran_seconds += now - self._since
        self._since = now
