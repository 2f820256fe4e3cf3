"""Hold the rows of the ledger: one request that waits, one grant that holds."""

from dataclasses import dataclass

from brickwork_broker.messages import Process, Suspicion, TokenRequest, TokenState


@dataclass(frozen=True, slots=True)
class Waiter:
    """Hold a request in the queue.

    `listens_until_ms` is the end of the caller's latest poll: only a caller that listens is
    granted anything, so that no memory is lent to somebody who will never hear of it.
    """

    request: TokenRequest
    asked_at_ms: int
    order: int
    listens_until_ms: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Hold memory that is charged: granted, or over and not known to be free.

    `users` are the processes that may be using the memory, less those known to be gone.
    """

    request: TokenRequest
    state: TokenState
    since_ms: int
    granted_bytes: int
    epoch: int
    expires_at_ms: int
    users: tuple[Process, ...] = ()
    was_used: bool = False
    suspicion: Suspicion | None = None
