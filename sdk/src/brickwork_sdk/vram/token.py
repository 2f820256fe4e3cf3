"""A granted right to use memory, as its holder sees it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from brickwork.broker.v1alpha1 import broker_pb2


class VramToken:
    """A granted right to use memory.

    Attributes:
        token_id: name that the broker knows it by.
        epoch: grows with every grant; a stale one is never revived.
        granted_bytes: how much may be used.
        device: where.
        is_lost: whether the broker has said that the token is over.
        is_wanted_back: whether others wait, so that an idle holder should give it back.
        notify: called in the holder's event loop when one of these two has changed.
    """

    def __init__(self, granted: broker_pb2.VramToken) -> None:
        self.token_id = granted.token_id
        self.epoch = granted.epoch
        self.granted_bytes = granted.granted_bytes
        self.device = granted.device
        self.is_lost = False
        self.is_wanted_back = False
        self.notify: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()

    def tell(self, *, is_lost: bool = False, is_wanted_back: bool = False) -> None:
        """Tell the holder, from any thread, how its token stands now."""
        with suppress(RuntimeError):  # the loop has ended, and with it whoever held the token
            self._loop.call_soon_threadsafe(self._take_in, is_lost, is_wanted_back)

    def _take_in(self, is_lost: bool, is_wanted_back: bool) -> None:
        if (is_lost, is_wanted_back) != (self.is_lost, self.is_wanted_back):
            self.is_lost, self.is_wanted_back = is_lost, is_wanted_back
            self.notify()
