"""The calls at the door of a model slot, and those inside it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.vram import MemoryWait


@dataclass(frozen=True)
class ModelWait:
    """The model is being loaded; the cause is a sentence that a user can read."""

    cause: str


Notice = MemoryWait | ModelWait | EngineProcess


@dataclass(eq=False)
class _Visitor:
    caller: Caller
    notices: asyncio.Queue[Notice | BrickworkError] = field(default_factory=asyncio.Queue)


class Visitors:
    """Those who wait for an engine and those who use it.

    Attributes:
        served_count: how many have been inside and left.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin with nobody; `changed` is called when somebody has come or left."""
        self.served_count = 0
        self._changed = changed
        self._waiting: list[_Visitor] = []
        self._inside: list[_Visitor] = []

    @property
    def waiting_count(self) -> int:
        """Calls that wait for the engine now."""
        return len(self._waiting)

    @property
    def inside_count(self) -> int:
        """Calls that use the engine now."""
        return len(self._inside)

    @property
    def inside_classes(self) -> list[WorkClass]:
        """The class of each call that uses the engine now."""
        return [visitor.caller.work_class for visitor in self._inside]

    async def enter(self, caller: Caller) -> AsyncGenerator[Notice, None]:
        """Yield how the wait stands, and at last the engine; closing leaves.

        Raises:
            BrickworkError: what they were turned away with.
        """
        visitor = _Visitor(caller)
        self._waiting.append(visitor)
        self._changed()
        try:
            while True:
                notice = await visitor.notices.get()
                if isinstance(notice, BrickworkError):
                    raise notice
                yield notice
        finally:
            self.served_count += visitor in self._inside
            for line in (self._waiting, self._inside):
                if visitor in line:
                    line.remove(visitor)
            self._changed()

    def most_urgent(self) -> Caller:
        """Return the most urgent of those who wait, of equals the first."""
        callers = (visitor.caller for visitor in self._waiting)
        return min(callers, key=lambda caller: caller.work_class.rank)

    def admit(self, process: EngineProcess) -> None:
        """Let everybody in who waits."""
        for visitor in self._waiting:
            visitor.notices.put_nowait(process)
        self._inside += self._waiting
        self._waiting.clear()

    def tell(self, notice: MemoryWait | ModelWait) -> None:
        """Tell those who wait how it stands."""
        for visitor in self._waiting:
            visitor.notices.put_nowait(notice)

    def turn_away(self, error: BrickworkError) -> None:
        """End the wait of everybody with an error."""
        for visitor in self._waiting:
            visitor.notices.put_nowait(error)
        self._waiting.clear()
