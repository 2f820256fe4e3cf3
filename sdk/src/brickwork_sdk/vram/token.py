"""A granted right to use memory, as its holder sees it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from brickwork.broker.v1 import broker_pb2
from brickwork_sdk.caller import WorkClass


@dataclass(frozen=True)
class Demand:
    """Memory is asked back; two of them are equal when they ask for the same.

    Attributes:
        keep_bytes: what the holder may keep; 0 asks for all of it.
        cause: why, one sentence that a user can read.
        until: by when, on `time.monotonic`; after that the token is over.
    """

    keep_bytes: int
    cause: str
    until: float = field(compare=False)


@dataclass(frozen=True)
class TokenUse:
    """What the holder does with its token, as every renewal tells it.

    Attributes:
        is_loading: the model is being loaded.
        idle_since: since when nothing has run, on `time.monotonic`; None while something does.
        work_class: of the most urgent work that runs; None leaves it as it was.
        kept_bytes: what the holder keeps to; 0 for all that is granted.
    """

    is_loading: bool = False
    idle_since: float | None = None
    work_class: WorkClass | None = None
    kept_bytes: int = 0


@dataclass(frozen=True)
class Standing:
    """How the broker sees a token; two of them are equal when no holder would act differently.

    Attributes:
        granted_bytes: how much may be used.
        is_lost: the token is over.
        is_wanted_back: others wait for memory.
        demand: what the holder is to do; None when nothing.
        hold_until: until when it was meant to be kept, on `time.monotonic`; None without an end.
        measured_bytes: what its processes were last seen to use; None without a reading.
    """

    granted_bytes: int
    is_lost: bool = False
    is_wanted_back: bool = False
    demand: Demand | None = None
    hold_until: float | None = field(default=None, compare=False)
    measured_bytes: int | None = field(default=None, compare=False)


class VramToken:
    """A granted right to use memory.

    Attributes:
        token_id: name that the broker knows it by.
        epoch: grows with every grant; a stale one is never revived.
        secret: whoever renews or releases must know it; it lives in this process alone.
        device: where the memory is.
        standing: how the broker sees it, as of the last renewal.
        use: what the holder does with it; replaced by the holder, told with each renewal.
        notify: called in the holder's event loop when `standing` has changed.
    """

    def __init__(self, granted: broker_pb2.VramToken, secret: bytes, use: TokenUse) -> None:
        self.token_id = granted.token_id
        self.epoch = granted.epoch
        self.secret = secret
        self.device = granted.device
        self.standing = Standing(granted.granted_bytes)
        self.use = use
        self.notify: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()

    @property
    def granted_bytes(self) -> int:
        """How much may be used."""
        return self.standing.granted_bytes

    @property
    def is_lost(self) -> bool:
        """Whether the broker has said that the token is over, or was away for too long."""
        return self.standing.is_lost

    @property
    def is_wanted_back(self) -> bool:
        """Whether others wait for memory."""
        return self.standing.is_wanted_back

    @property
    def demand(self) -> Demand | None:
        """What the holder is asked for; None when nothing is."""
        return self.standing.demand

    @property
    def is_recalled(self) -> bool:
        """Whether all of it is asked back."""
        return self.demand is not None and self.demand.keep_bytes == 0

    @property
    def measured_bytes(self) -> int | None:
        """What its processes were last seen to use; None without a reading."""
        return self.standing.measured_bytes

    @property
    def hold_left_seconds(self) -> float | None:
        """How long it may still be kept, not below 0; None where no end was meant."""
        until = self.standing.hold_until
        return None if until is None else max(0.0, until - time.monotonic())

    def tell(self, standing: Standing) -> None:
        """Tell the holder, from any thread, how its token stands now."""
        with suppress(RuntimeError):  # the loop has ended, and with it whoever held the token
            self._loop.call_soon_threadsafe(self._take_in, standing)

    def _take_in(self, standing: Standing) -> None:
        before, self.standing = self.standing, standing
        if standing != before:
            self.notify()
