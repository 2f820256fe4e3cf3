"""The course of a lease: what its holder is told, and when it is ended.

warning → its time is over, and it goes on while nobody else waits → shrink → checkpoint → kill.
Pure: it knows neither a clock nor the broker.
"""

from dataclasses import dataclass
from enum import StrEnum

from brickwork_sdk.vram import Demand

WARNING_SECONDS = 60.0
"""A warning comes this long before the end, or a tenth of the lease if that is more."""
KILL_LEAD_SECONDS = 2.0
"""The kill comes this long before the broker's deadline: what is killed has to be seen gone."""


class Step(StrEnum):
    """What is due."""

    WARNING = "warning"
    OVERTIME = "overtime"
    SHRINK = "shrink"
    CHECKPOINT = "checkpoint"
    KILL = "kill"


@dataclass(frozen=True)
class Notice:
    """What the holder is told.

    Attributes:
        step: what is due.
        cause: why, one sentence.
        seconds: how long the holder has for it; of a warning, until its time is over.
        keep_bytes: what it may keep.
    """

    step: Step
    cause: str
    seconds: float
    keep_bytes: int = 0


class Course:
    """Says each thing once.

    Args:
        began: when the lease was granted, on the clock of every later `now`, in seconds.
        hold_seconds: how long it is meant to be kept.
    """

    def __init__(self, began: float, hold_seconds: float) -> None:
        lead_seconds = min(max(WARNING_SECONDS, hold_seconds / 10), hold_seconds / 2)
        self._ends_at = began + hold_seconds
        self._timed = {
            Step.WARNING: self._ends_at - lead_seconds,
            Step.OVERTIME: self._ends_at,
        }
        self._kill_at: float | None = None
        self._asked: Demand | None = None
        self._is_killed = False

    def due(self, now: float, demand: Demand | None, is_lost: bool) -> list[Notice]:
        """Return what the holder must hear now, in order.

        Args:
            now: in seconds.
            demand: what the broker asks for; None when nothing.
            is_lost: the token is over, so that nobody may use its memory any more.
        """
        notices = [self._say(step, now) for step in self._pass(now)]
        if demand != self._asked:
            self._asked, self._kill_at = demand, None
            if demand is not None:
                notices.append(self._ask(now, demand))
        is_overdue = self._kill_at is not None and now >= self._kill_at
        if (is_lost or is_overdue) and not self._is_killed:
            self._is_killed = True
            cause = (
                demand.cause if demand is not None else "The broker says that the lease is over."
            )
            notices.append(Notice(Step.KILL, cause, 0.0))
        return notices

    def sleep_seconds(self, now: float) -> float | None:
        """Tell when time alone brings something new; None when it does not."""
        times = [*self._timed.values()]
        if self._kill_at is not None and not self._is_killed:
            times.append(self._kill_at)
        return max(0.0, min(times) - now) if times else None

    def _pass(self, now: float) -> list[Step]:
        passed = [step for step, at in self._timed.items() if now >= at]
        for step in passed:
            del self._timed[step]
        return passed

    def _say(self, step: Step, now: float) -> Notice:
        if step is Step.WARNING:
            return Notice(step, "The time of the lease is nearly over.", self._ends_at - now)
        return Notice(
            step, "The time of the lease is over; it goes on as long as nobody else waits.", 0.0
        )

    def _ask(self, now: float, demand: Demand) -> Notice:
        seconds = max(0.0, demand.until - now)
        if demand.keep_bytes:
            return Notice(Step.SHRINK, demand.cause, seconds, demand.keep_bytes)
        seconds -= min(KILL_LEAD_SECONDS, seconds / 4)
        self._kill_at = now + seconds
        return Notice(Step.CHECKPOINT, demand.cause, seconds)
