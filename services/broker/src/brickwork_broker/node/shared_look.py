"""Look at processes once for all callers that ask at the same moment."""

import asyncio
from collections.abc import Collection

from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node.probe import Probe


class SharedLook:
    """Let calls that come while a look goes on share the next one.

    A look takes a thread, which under many callers costs far more than the look itself.

    Args:
        probe: sees processes, blocking.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._processes = set[Process]()
        self._next: asyncio.Task[Sight] | None = None
        self._is_looking = asyncio.Lock()

    async def look(self, processes: Collection[Process]) -> Sight:
        """Return a look that began after this call, at these processes and maybe others."""
        self._processes.update(processes)
        if self._next is None:
            self._next = asyncio.create_task(self._look_next())
        return await asyncio.shield(self._next)  # a caller that leaves does not end it for others

    async def _look_next(self) -> Sight:
        async with self._is_looking:
            processes, self._processes, self._next = self._processes, set(), None
            return await asyncio.to_thread(self._probe.look, processes)
