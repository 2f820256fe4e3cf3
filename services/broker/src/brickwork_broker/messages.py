"""Hold the words of the ledger: what it can be told and what it answers.

Everything here is a frozen value. Spans are `_ms` on the broker's own monotonic clock, memory is
`_bytes`. Commands come from the wire and from the probe; events are what the journal keeps.
"""

from dataclasses import dataclass
from enum import StrEnum


class WorkClass(StrEnum):
    """Name a class of work, the most urgent first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    NOTEBOOK = "notebook"
    BEST_EFFORT = "best_effort"


class TokenState(StrEnum):
    """Name where a token stands; SHRINKING and REVOKING are reserved."""

    QUEUED = "queued"
    GRANTED = "granted"
    SHRINKING = "shrinking"
    REVOKING = "revoking"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Name why a command was turned down; the wire has a reason for each."""

    REQUEST_INVALID = "request_invalid"
    CAN_NEVER_FIT = "can_never_fit"
    QUEUE_FULL = "queue_full"
    STALE = "stale"
    UNKNOWN = "unknown"


class Suspicion(StrEnum):
    """Name why a grant ended; none of them proves that its memory is free."""

    RELEASED_BY_HOLDER = "released_by_holder"
    EXPIRED = "expired"
    HOLDER_GONE = "holder_gone"


class Evidence(StrEnum):
    """Name what proved that the memory of a token is free."""

    USERS_GONE = "users_gone"
    NEVER_USED = "never_used"


@dataclass(frozen=True, slots=True)
class Process:
    """Name one process so that a reused pid is never mistaken for it."""

    boot_id: str
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Say who asks for how much memory, and for what."""

    token_id: str
    holder: str
    purpose: str
    guaranteed_bytes: int
    ceiling_bytes: int
    work_class: WorkClass
    tenant: str
    renew_within_ms: int
    process: Process


@dataclass(frozen=True, slots=True)
class Acquire:
    """Ask for a token, or ask again how it stands; the caller listens for `wait_ms`."""

    request: TokenRequest
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """Say that nobody listens for the answer of an Acquire any more."""

    token_id: str


@dataclass(frozen=True, slots=True)
class Renew:
    """Say that the holder lives, and which processes use the memory now."""

    token_id: str
    epoch: int
    users: tuple[Process, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Give a token back; epoch 0 says that the caller never saw a grant."""

    token_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ConfirmGone:
    """Report, from a probe with sight of the host, that a process is gone."""

    process: Process


@dataclass(frozen=True, slots=True)
class Tick:
    """Let time pass."""


Command = Acquire | Abandon | Renew | Release | ConfirmGone | Tick


@dataclass(frozen=True, slots=True)
class EpochsReserved:
    """Promise that after a restart no epoch below `epoch_end` is granted."""

    epoch_end: int


@dataclass(frozen=True, slots=True)
class Queued:
    """Say that a request waits."""

    token_id: str


@dataclass(frozen=True, slots=True)
class Granted:
    """Say that a request holds memory from now on."""

    request: TokenRequest
    granted_bytes: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """Say that a grant lives on."""

    token_id: str


@dataclass(frozen=True, slots=True)
class UsersBound:
    """Say which processes may be using the memory of a token."""

    token_id: str
    users: tuple[Process, ...]


@dataclass(frozen=True, slots=True)
class UserGone:
    """Say that one process no longer uses the memory of a token."""

    token_id: str
    process: Process


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Say that a grant is over while its bytes stay charged."""

    token_id: str
    suspicion: Suspicion


@dataclass(frozen=True, slots=True)
class Released:
    """Say that the bytes of a token are free, and what proves it."""

    token_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Say that a request left the queue, or that its id may never be used."""

    token_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that a command changed nothing, why, in one sentence, and which field was wrong."""

    token_id: str
    refusal: Refusal
    message: str
    field: str = ""


DurableEvent = EpochsReserved | Granted | UsersBound | UserGone | Quarantined | Released | Cancelled
"""What the journal keeps; the queue and the renewals are rebuilt by those who still ask."""

Event = DurableEvent | Queued | Renewed | Refused
