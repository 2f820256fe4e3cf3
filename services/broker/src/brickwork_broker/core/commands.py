"""Hold what the ledger can be told, by the wire, by a probe and by operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brickwork_broker.core.request import Process, TokenRequest, WorkClass


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
