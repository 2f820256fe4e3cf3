"""Tell for how long nothing has run, by what the device did and not by a holder's word.

A model says by itself when it is idle. A person who has forgotten a notebook says nothing.
"""

from dataclasses import dataclass, replace

from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight

WINDOW_MS = 5_000
"""Over so long work is told from noise."""
WORK_SECONDS_MIN = 0.15
"""A process that has the device for longer than that within a window has worked. It is a share of
3 %: whoever waits wakes up now and then, and whoever works takes far more."""
FORGET_MS = 60_000
"""A process that no look has shown for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class _Course:
    """Hold what one process has done: since when nothing, and how its window began."""

    idle_since_ms: int
    window_ms: int
    window_seconds: float
    seen_ms: int


class Activity:
    """Remember what each process has had of the device."""

    def __init__(self) -> None:
        self._courses: dict[Process, _Course] = {}

    def idle_ms(self, sight: Sight, now_ms: int) -> dict[Process, int]:
        """Return for how long each process has done nothing; 0 while it works.

        One that is seen for the first time has just worked: it was started. A process that was
        not read is not named.

        Args:
            sight: what a look has shown.
            now_ms: when.
        """
        for process, seconds in sight.activity.items():
            self._courses[process] = _course(self._courses.get(process), seconds, now_ms)
        self._courses = {
            process: course
            for process, course in self._courses.items()
            if process not in sight.gone and now_ms - course.seen_ms < FORGET_MS
        }
        return {
            process: now_ms - course.idle_since_ms
            for process, course in self._courses.items()
            if process in sight.activity
        }


def _course(before: _Course | None, seconds: float, now_ms: int) -> _Course:
    if before is None:
        return _Course(now_ms, now_ms, seconds, now_ms)
    worked_seconds = seconds - before.window_seconds
    if worked_seconds > WORK_SECONDS_MIN:
        return _Course(now_ms, now_ms, seconds, now_ms)
    # A probe that was started again counts from 0: that is no work, and no rest either.
    if worked_seconds < 0 or now_ms - before.window_ms >= WINDOW_MS:
        return _Course(before.idle_since_ms, now_ms, seconds, now_ms)
    return replace(before, seen_ms=now_ms)
