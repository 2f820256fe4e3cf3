"""Which running call an engine advances next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from brickwork_sdk.engine.interim import INTERIM_SECONDS, Interim
from brickwork_sdk.engine.shared_steps import SharedSteps

WEIGHTS = {"interactive": 4.0, "batch": 1.0, "notebook": 1.0, "best_effort": 0.25}
"""Shares of engine time by class of work, while several classes want it."""


@dataclass
class Call:
    """A generator that an engine advances step by step.

    Attributes:
        number: chosen by the brick, unique in this process.
        steps: the generator itself.
        weight: share of engine time against the other calls.
        credit: events that may still be sent before the reader asks for more.
        used: seconds of engine time so far over the weight; the least is next.
        trace_id: the trace that its caller works in, for the log.
        began_seconds: when its first step began; None before that.
        busy_seconds: engine time so far.
        step_count: steps so far.
        held: an event that waits for a better one; None where there is none.
        told_seconds: when an event was told last.
    """

    number: int
    steps: Iterator[object]
    weight: float
    credit: int
    used: float = 0.0
    trace_id: str | None = None
    began_seconds: float | None = None
    busy_seconds: float = 0.0
    step_count: int = 0
    held: Interim | None = None
    told_seconds: float = -INTERIM_SECONDS

    def due(self, event: object, now: float) -> list[object]:
        """Return what is to be told now that this event is there; an interim one may wait."""
        due = self.rest(type(event))
        if isinstance(event, Interim) and now < self.told_seconds + INTERIM_SECONDS:
            self.held = event
        else:
            due.append(event)
        if due:
            self.told_seconds = now
        return due

    def rest(self, follower: type | None = None) -> list[object]:
        """Let go of what was held, and return it unless one of its kind follows."""
        held, self.held = self.held, None
        return [] if held is None or type(held) is follower else [held]

    @property
    def is_ready(self) -> bool:
        """Whether its next step hands out what the step of another call has made."""
        return isinstance(self.steps, SharedSteps) and self.steps.is_ready()


class CallTable:
    """The running calls, advanced by weighted fair queueing.

    Source: start-time fair queueing, Goyal, Vin, Cheng, SIGCOMM 1996, section 2: whoever has the
    least weighted service is next, and a newcomer begins at the least service of those present, so
    that it neither waits for the past of the others nor is punished for its own absence.
    """

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._served = 0.0

    def add(self, call: Call) -> None:
        """Take in a new call."""
        call.used = min((other.used for other in self._calls.values()), default=self._served)
        self._calls[call.number] = call

    def give_credit(self, number: int, count: int) -> None:
        """Allow further events; a call that has ended meanwhile is no error."""
        if number in self._calls:
            self._calls[number].credit += count

    def remove(self, number: int) -> Call | None:
        """Take a call out; None when it has ended already."""
        return self._calls.pop(number, None)

    def next(self) -> Call | None:
        """Choose the call to advance; None when all wait for their readers.

        What is there already goes out before anybody works: it costs nothing, and its reader may
        come back with what the next batch lacks.
        """
        read = [call for call in self._calls.values() if call.credit > 0]
        return min(read, key=lambda call: (not call.is_ready, call.used, call.number), default=None)

    def advance(self, call: Call, clock: Callable[[], float]) -> object:
        """Run one step and charge its time.

        Raises:
            StopIteration: the call is at its end.
        """
        began = clock()
        try:
            return next(call.steps)
        finally:
            seconds = clock() - began
            if call.began_seconds is None:
                call.began_seconds = began
            call.busy_seconds += seconds
            call.step_count += 1
            call.used += seconds / call.weight
            self._served = max(self._served, call.used)
