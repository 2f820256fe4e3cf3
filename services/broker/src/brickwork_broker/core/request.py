"""Hold what a holder asks for: memory, for whom, and what it will run.

Everything here is a frozen value. Spans are `_ms` on the broker's own monotonic clock, memory is
`_bytes`.
"""

from dataclasses import dataclass
from enum import StrEnum


class WorkClass(StrEnum):
    """Name a class of work, the most urgent first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    NOTEBOOK = "notebook"
    BEST_EFFORT = "best_effort"


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
