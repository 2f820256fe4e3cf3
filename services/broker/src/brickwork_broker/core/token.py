"""Hold the rows of the ledger: one request that waits, one grant that holds."""

from dataclasses import dataclass
from enum import StrEnum

from brickwork_broker.core.events import Suspicion, Yield
from brickwork_broker.core.request import Process, TokenRequest, WorkClass


class TokenState(StrEnum):
    """Name where a token stands."""

    QUEUED = "queued"
    GRANTED = "granted"
    SHRINKING = "shrinking"
    REVOKING = "revoking"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Waiter:
    """Hold a request in the queue.

    `listens_until_ms` is the end of the caller's latest poll: only a caller that listens is
    granted anything, so that no memory is lent to somebody who will never hear of it.
    """

    request: TokenRequest
    work_class: WorkClass
    asked_at_ms: int
    order: int
    listens_until_ms: int

    @property
    def gives_up_at_ms(self) -> int | None:
        """When it leaves the queue by its own wish."""
        give_up_ms = self.request.give_up_ms
        return None if give_up_ms is None else self.asked_at_ms + give_up_ms


@dataclass(frozen=True, slots=True)
class Demand:
    """Hold what a holder is asked for: what it may keep, until when, how, why, and for whom."""

    keep_bytes: int
    until_ms: int
    how: Yield
    cause: str
    for_token: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Hold memory that is charged: granted, or over and not known to be free.

    Attributes:
        request: as it was asked for.
        state: GRANTED, SHRINKING, REVOKING or QUARANTINED.
        since_ms: when it came into this state.
        granted_at_ms: when it was granted, or the broker started again.
        granted_bytes: what is charged.
        epoch: of the grant.
        expires_at_ms: unless it is renewed.
        users: processes that may be using the memory, less those known to be gone.
        was_used: whether any process was ever named.
        suspicion: why it is over.
        is_loading: its model is being loaded.
        load_progress: how far.
        load_due_ms: by when the load must have got on.
        work_class: of the most urgent work under it.
        idle_since_ms: since when nothing has run under it; None while something does.
        kept_bytes: what the holder says that it keeps to; 0 for all.
        kept_at_ms: since when it has said so, or that it has given all back.
        demand: what it is asked for.
        is_stuck: it is over, and nobody can say when its processes will be gone.
    """

    request: TokenRequest
    state: TokenState
    since_ms: int
    granted_at_ms: int
    granted_bytes: int
    epoch: int
    expires_at_ms: int
    work_class: WorkClass
    users: tuple[Process, ...] = ()
    was_used: bool = False
    suspicion: Suspicion | None = None
    is_loading: bool = False
    load_progress: int = 0
    load_due_ms: int = 0
    idle_since_ms: int | None = None
    kept_bytes: int = 0
    kept_at_ms: int = 0
    demand: Demand | None = None
    is_stuck: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether its holder may use it: it is not over."""
        return self.state is not TokenState.QUARANTINED

    @property
    def leaving_bytes(self) -> int:
        """How much of it is on its way back."""
        if not self.is_alive:
            return 0 if self.is_stuck else self.granted_bytes
        return 0 if self.demand is None else self.granted_bytes - self.demand.keep_bytes

    @property
    def stuck_bytes(self) -> int:
        """How much of it may never come back."""
        return self.granted_bytes if self.is_stuck else 0

    @property
    def hold_until_ms(self) -> int | None:
        """When it has been kept as long as was meant; None where nothing was said."""
        hold_ms = self.request.hold_ms
        return None if hold_ms is None else self.granted_at_ms + hold_ms
