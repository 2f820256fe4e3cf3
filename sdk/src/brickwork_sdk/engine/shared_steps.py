"""The steps of a call whose results may come from the steps of other calls."""

from collections.abc import Callable, Generator
from types import TracebackType
from typing import TypeVar

Event = TypeVar("Event")


class SharedSteps(Generator[Event, None, None]):
    """A generator that also tells whether its next step hands out what is there already.

    Such a step costs nothing, and whoever waits for it may come with more work for the next batch.

    Attributes:
        is_ready: tells that the next step does no work.
    """

    def __init__(self, steps: Generator[Event, None, None], is_ready: Callable[[], bool]) -> None:
        self._steps = steps
        self.is_ready = is_ready

    def send(self, value: None) -> Event:
        """Advance by a step."""
        return self._steps.send(value)

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        value: object = None,
        traceback: TracebackType | None = None,
        /,
    ) -> Event:
        """Raise an error where the steps stand."""
        return self._steps.throw(kind if isinstance(kind, BaseException) else kind())
