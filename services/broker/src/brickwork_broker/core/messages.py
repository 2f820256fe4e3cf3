"""Hold the words of the ledger: what it can be told and what it answers.

Everything here is a frozen value. Spans are `_ms` on the broker's own monotonic clock, memory is
`_bytes`. Commands come from the wire and from the probe; events are what the journal keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WorkClass(StrEnum):
    """Name a class of work, the most urgent first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    NOTEBOOK = "notebook"
    BEST_EFFORT = "best_effort"


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
class Process:
    """Name one process so that a reused pid is never mistaken for it."""

    boot_id: str
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Say what will run; equal workloads need equal memory."""

    model_digest: str = ""
    engine: str = ""
    precision: str = ""
    bucket: str = ""
    weights_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Say who asks for how much memory, and for what.

    Attributes:
        token_id: chosen by the holder, used once.
        holder: who asks, such as asr.
        purpose: what it is for, such as a model.
        guaranteed_bytes: the least that is of use.
        ceiling_bytes: the most that is of use.
        work_class: of the work.
        tenant: who the work is for.
        renew_within_ms: how soon the holder renews.
        process: the holder.
        secret_sha256: what whoever renews or releases must know, as a hash.
        hold_ms: how long it is meant to be kept; None as long as it is used.
        give_up_ms: after so long in the queue it leaves it; None never.
        shrinkable: what is beyond the guaranteed bytes can be given back.
        revocable: all can be given back, between two pieces of work.
        loads: a model is loaded under it first.
        workload: what will run.
    """

    token_id: str
    holder: str
    purpose: str
    guaranteed_bytes: int
    ceiling_bytes: int
    work_class: WorkClass
    tenant: str
    renew_within_ms: int
    process: Process
    secret_sha256: str = ""
    hold_ms: int | None = None
    give_up_ms: int | None = None
    shrinkable: bool = False
    revocable: bool = False
    loads: bool = False
    workload: Workload = Workload()


@dataclass(frozen=True, slots=True)
class Authority:
    """Say which operator does something, and why."""

    operator: str
    reason: str


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
    """Say that the holder lives, and what it does with its token.

    Attributes:
        token_id: which.
        epoch: that was granted.
        users: processes that may be using the memory.
        is_loading: its model is being loaded.
        load_progress: grows as the load gets on.
        idle_ms: for how long nothing has run; None while something does.
        kept_bytes: what the holder keeps to; 0 for all that is granted.
        work_class: of the most urgent work that runs now; None leaves it as it is.
    """

    token_id: str
    epoch: int
    users: tuple[Process, ...]
    is_loading: bool = False
    load_progress: int = 0
    idle_ms: int | None = None
    kept_bytes: int = 0
    work_class: WorkClass | None = None


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
class Observe:
    """Report what a probe has read; whoever is not named was not read.

    Attributes:
        looked_at_ms: when the look began: what was said later is not in it.
        total_bytes: memory of the device.
        used_bytes: what is used of it by anybody; None without a reading.
        readings: what each process uses, in bytes.
        idle_ms: for how long each process has done nothing.
    """

    looked_at_ms: int
    total_bytes: int
    used_bytes: int | None
    readings: Mapping[Process, int]
    idle_ms: Mapping[Process, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Close:
    """Grant nothing because of a cause, one sentence; with an empty one grant again."""

    cause: str


@dataclass(frozen=True, slots=True)
class SetDraining:
    """Stop or resume granting, on an operator's word."""

    is_draining: bool
    authority: Authority


@dataclass(frozen=True, slots=True)
class Override:
    """Take the bytes of a quarantined token for free, on an operator's word alone."""

    token_id: str
    authority: Authority


@dataclass(frozen=True, slots=True)
class Reclassify:
    """Move a waiting request to another class, on an operator's word."""

    token_id: str
    work_class: WorkClass
    authority: Authority


@dataclass(frozen=True, slots=True)
class Tick:
    """Let time pass."""


Administration = SetDraining | Override | Reclassify
Command = (
    Acquire | Abandon | Renew | Release | ConfirmGone | Observe | Close | Administration | Tick
)


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
