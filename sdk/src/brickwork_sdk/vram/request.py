"""What is asked of the broker."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """What will run under a token; equal workloads need equal memory, so that it can be learned.

    Attributes:
        model_digest: SHA-256 over the model's files; empty for work that has none.
        engine: what runs it, with its version.
        precision: in which it computes, such as int8; empty for the engine's own choice.
        bucket: kind of its requests, where that decides about memory.
        weights_bytes: size of the model's files: what is known before the first run.
    """

    model_digest: str = ""
    engine: str = ""
    precision: str = ""
    bucket: str = ""
    weights_bytes: int = 0


@dataclass(frozen=True)
class MemoryRequest:
    """How much memory is asked for, for what, and what its holder can give back.

    Attributes:
        purpose: what it is for, such as the model's name.
        guaranteed_bytes: least memory that is of use; 0 asks for what was learned of the workload.
        ceiling_bytes: most memory that is of use, at least `guaranteed_bytes`; 0 together with it.
        hold_seconds: how long it is meant to be kept, at most a day; None for as long as it is
            used.
        give_up_after_seconds: after so long in the queue the request leaves it; None is never.
        is_shrinkable: what is beyond the guaranteed bytes can be given back.
        is_revocable: all can be given back, between two pieces of work.
        loads: a model is loaded first, and no other is loaded meanwhile on its device.
        workload: what will run.
    """

    purpose: str
    guaranteed_bytes: int
    ceiling_bytes: int
    hold_seconds: float | None = None
    give_up_after_seconds: float | None = None
    is_shrinkable: bool = False
    is_revocable: bool = False
    loads: bool = False
    workload: Workload | None = None
