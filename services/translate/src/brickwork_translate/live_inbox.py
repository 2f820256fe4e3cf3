"""The texts of a live stream that wait for their turn; a newer one takes the place of an older."""

import asyncio
from dataclasses import dataclass

from brickwork_sdk.errors import BrickworkError, DeadlineExceeded, Reason

WAITING_MAX = 64
"""Then the stream is not read on, and its caller feels it."""
SILENCE_SECONDS_MAX = 600.0
"""Whoever has sent nothing for so long has gone without saying so."""


@dataclass(frozen=True)
class LiveItem:
    """A text of a stream.

    Attributes:
        index: among the texts of the stream, from 0.
        id: the caller's name for it.
        text: itself.
    """

    index: int
    id: str
    text: str


class LiveInbox:
    """What has come and has not been taken, in the order in which the names came."""

    def __init__(self) -> None:
        self._waiting: dict[str, LiveItem] = {}
        self._changed = asyncio.Condition()
        self._is_ended = False
        self._error: BrickworkError | None = None

    async def put(self, item: LiveItem) -> None:
        """Add a text, or change one that waits; returns once there is room for it."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: item.id in self._waiting or len(self._waiting) < WAITING_MAX
            )
            self._waiting[item.id] = item
            self._changed.notify_all()

    async def end(self, error: BrickworkError | None = None) -> None:
        """Say that nothing more comes, and why if that is no good end."""
        async with self._changed:
            self._is_ended, self._error = True, error
            self._changed.notify_all()

    async def take(self, most: int) -> list[LiveItem]:
        """Return the next texts; none once all have been taken and nothing more comes.

        Raises:
            BrickworkError: what the stream ended with.
            DeadlineExceeded: DEADLINE_EXCEEDED, nothing came for too long.
        """
        try:
            async with asyncio.timeout(SILENCE_SECONDS_MAX), self._changed:
                await self._changed.wait_for(lambda: self._waiting or self._is_ended)
                items = [self._waiting.pop(name) for name in list(self._waiting)[:most]]
                self._changed.notify_all()
        except TimeoutError:
            raise DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED, f"No text came for {SILENCE_SECONDS_MAX:.0f} s."
            ) from None
        if not items and self._error is not None:
            raise self._error
        return items
