"""Hold what the ledger answers, and which of it the journal keeps."""

from dataclasses import dataclass
from enum import StrEnum

from brickwork_broker.core.request import Process, TokenRequest, WorkClass


class Refusal(StrEnum):
    """Name why a command was turned down; the wire has a reason for each."""

    REQUEST_INVALID = "request_invalid"
    CAN_NEVER_FIT = "can_never_fit"
    QUEUE_FULL = "queue_full"
    STALE = "stale"
    UNKNOWN = "unknown"
    CLOSED = "closed"


class Suspicion(StrEnum):
    """Name why a grant ended; none of them proves that its memory is free."""

    RELEASED_BY_HOLDER = "released_by_holder"
    EXPIRED = "expired"
    HOLDER_GONE = "holder_gone"
    REVOKED = "revoked"


class Evidence(StrEnum):
    """Name what proved that the memory of a token is free."""

    USERS_GONE = "users_gone"
    NEVER_USED = "never_used"
    OVERRIDE = "override"
    COVERED = "covered"


class Yield(StrEnum):
    """Name how somebody makes room for others."""

    EVICT = "evict"
    SHRINK = "shrink"
    REVOKE = "revoke"


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
class AskedBack:
    """Say that a holder is asked for memory.

    Attributes:
        token_id: of which token.
        keep_bytes: what it may keep; 0 asks for all.
        within_ms: how long it has.
        how: it makes room.
        cause: one sentence for people.
        for_token: who it is for; empty where the device itself needs room.
    """

    token_id: str
    keep_bytes: int
    within_ms: int
    how: Yield
    cause: str
    for_token: str


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Say that a grant is smaller from now on: its holder says so, and the readings agree."""

    token_id: str
    granted_bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Say that the load slot of the device is free again."""

    token_id: str
    load_ms: int


@dataclass(frozen=True, slots=True)
class Overcommitted:
    """Say that so many bytes more are in use than there may be; 0 says that it is over."""

    excess_bytes: int


@dataclass(frozen=True, slots=True)
class DrainSet:
    """Say that an operator stopped or resumed granting."""

    is_draining: bool
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overridden:
    """Say that an operator answers for the bytes of a token being free."""

    token_id: str
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reclassified:
    """Say that an operator moved a waiting request to another class."""

    token_id: str
    work_class: WorkClass
    operator: str
    reason: str


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


DurableEvent = (
    EpochsReserved
    | Granted
    | UsersBound
    | UserGone
    | Shrunk
    | Quarantined
    | Released
    | Cancelled
    | DrainSet
)
"""What the journal keeps; the queue, renewals and demands are rebuilt by those who still ask."""


Event = (
    DurableEvent
    | Queued
    | Renewed
    | AskedBack
    | Loaded
    | Overcommitted
    | Overridden
    | Reclassified
    | Refused
)
