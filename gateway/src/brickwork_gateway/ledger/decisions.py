"""What the dispatcher does next: a pure function of the ledger and of silence.

Nothing here reads a clock. Time comes in as the number of seconds for which a
stage has not changed, by the dispatcher's own clock, so that no two clocks are
ever compared and a step of the wall clock moves nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from brickwork_gateway.ledger.graph import may_start
from brickwork_gateway.ledger.job import Job, Stage, StageName, StageState
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import (
    BrickworkError,
    Denied,
    InvalidInput,
    NotFound,
    NotPossible,
    Reason,
)


@dataclass(frozen=True)
class Patience:
    """How long things may take, and how often they may fail.

    Attributes:
        silence_seconds: a claim that is not renewed for so long is taken back; several
            times the worker's beat, so that a busy machine is not taken for a dead worker.
        resend_seconds: a message that nobody claims for so long is sent again; doubled
            with each repeat up to `resend_seconds_max`, so that no heap of them builds up
            while no worker runs.
        failures_max: attempts in a row that may fail without a result.
        pause_seconds: pause after the first failed attempt; doubled with each further
            one up to `pause_seconds_max`.
        dispatched_max: stages of one class that may be sent or run at a time; the rest
            waits in the ledger, where it can be reordered and cancelled.
    """

    silence_seconds: float = 5.0
    resend_seconds: float = 3.0
    resend_seconds_max: float = 60.0
    failures_max: int = 8
    pause_seconds: float = 1.0
    pause_seconds_max: float = 30.0
    dispatched_max: int = 8


class Action(Enum):
    """What can be done to a stage from outside."""

    SEND = auto()
    TAKE_BACK = auto()


@dataclass(frozen=True)
class Step:
    """One thing to do, good for this version of the stage only."""

    action: Action
    job_id: str
    work_class: WorkClass
    stage: StageName
    version: int


def next_steps(
    jobs: Sequence[Job],
    unchanged_seconds: Callable[[Job, Stage], float],
    patience: Patience,
) -> list[Step]:
    """Decide what to send and what to take back.

    Args:
        jobs: all jobs that are not over, the oldest first: that is their order of turn.
        unchanged_seconds: for how long a stage has been seen unchanged.
        patience: the limits.
    """
    dispatched = Counter(
        job.request.work_class
        for job in jobs
        for stage in job.stages
        if stage.state in (StageState.SENT, StageState.RUNNING)
    )
    steps = []
    for job in jobs:
        for stage in job.stages:
            action = _action(job, stage, unchanged_seconds(job, stage), patience)
            if action is Action.SEND and stage.state is StageState.WAITING:
                if dispatched[job.request.work_class] >= patience.dispatched_max:
                    continue
                dispatched[job.request.work_class] += 1
            if action:
                steps.append(
                    Step(action, job.job_id, job.request.work_class, stage.name, stage.version)
                )
    return steps


def pause_after(error: BrickworkError, failure_count: int, patience: Patience) -> float | None:
    """Return the pause before the next attempt in seconds, or None to give up.

    An error that is the request's fault is never tried again. Otherwise the pause
    grows, and is at least what the error asks for. A recording that is missing is not
    the request's fault: it was stored before there was a job, so its store is away.

    Args:
        error: why this attempt failed.
        failure_count: failed attempts in a row before this one.
        patience: the limits.
    """
    is_final = isinstance(error, InvalidInput | NotFound | NotPossible | Denied)
    if is_final and error.reason not in (Reason.OBJECT_MISSING, Reason.MEDIA_MISSING):
        return None
    if failure_count + 1 >= patience.failures_max:
        return None
    pause = min(patience.pause_seconds * 2.0**failure_count, patience.pause_seconds_max)
    return max(pause, error.retry_after_seconds or 0.0)


def _action(job: Job, stage: Stage, unchanged: float, patience: Patience) -> Action | None:
    match stage.state:
        case StageState.WAITING if unchanged >= stage.pause_seconds and may_start(job, stage):
            return Action.SEND
        case StageState.SENT if unchanged >= _resend_seconds(stage, patience):
            return Action.SEND
        case StageState.RUNNING if unchanged >= patience.silence_seconds:
            return Action.TAKE_BACK
    return None


def _resend_seconds(stage: Stage, patience: Patience) -> float:
    doubled = patience.resend_seconds * 2.0 ** (stage.send_count - 1)
    return min(doubled, patience.resend_seconds_max)
