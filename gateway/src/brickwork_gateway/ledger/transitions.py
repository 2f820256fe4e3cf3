"""Every change that a job can undergo, as pure functions from job to job.

A function raises when the job is no longer as its caller believes: that is the
compare of compare-and-set. The set is the business of the ledger's adapter.
"""

from collections.abc import Callable
from dataclasses import replace

from brickwork_gateway.ledger.graph import outcome
from brickwork_gateway.ledger.job import (
    Claim,
    Job,
    JobState,
    Problem,
    Report,
    Stage,
    StageName,
    StageState,
)
from brickwork_sdk.errors import Aborted, NotPossible, Reason


def send(job: Job, name: StageName, version: int, trace: str = "") -> Job:
    """Mark a stage as sent; sent once more it keeps its attempt.

    Args:
        job: the job.
        name: its stage.
        version: the stage as the sender saw it.
        trace: traceparent of the sending.

    Raises:
        STAGE_OVERTAKEN: the stage changed since `version`.
    """
    stage = _unchanged(job, name, version)
    again = stage.state is StageState.SENT
    return _with(
        job,
        replace(
            stage,
            state=StageState.SENT,
            attempt=stage.attempt if again else stage.attempt + 1,
            send_count=stage.send_count + 1 if again else 1,
            trace=trace,
            report=replace(stage.report, cause=""),
        ),
    )


def note(job: Job, name: StageName, version: int, cause: str) -> Job:
    """Say why a stage waits.

    Raises:
        STAGE_OVERTAKEN: the stage changed since `version`.
    """
    stage = _unchanged(job, name, version)
    return _with(job, replace(stage, report=replace(stage.report, cause=cause)))


def claim(job: Job, name: StageName, attempt: int, secret: str) -> Job:
    """Give the stage to the worker that knows `secret`.

    Raises:
        STAGE_OVERTAKEN: another worker has this attempt, or it is over.
    """
    stage = job.stage(name)
    if stage.state is not StageState.SENT or stage.attempt != attempt:
        raise _overtaken(stage)
    report = replace(stage.report, cause="")
    return _with(job, replace(stage, state=StageState.RUNNING, claim=secret, report=report))


def renew(job: Job, claim: Claim, report: Report) -> Job:
    """Note that the worker lives, and what it says.

    Raises:
        STAGE_OVERTAKEN: the claim is no longer this worker's.
    """
    return _with(job, replace(_held(job, claim), report=report))


def keep(job: Job, new_count: int, claim: Claim, report: Report) -> Job:
    """Note that results were written; new ones make earlier failures count no more.

    Raises:
        STAGE_OVERTAKEN: the claim is no longer this worker's.
    """
    stage = _held(job, claim)
    failure_count = 0 if new_count else stage.failure_count
    return _with(job, replace(stage, report=report, failure_count=failure_count))


def finish(job: Job, claim: Claim, report: Report) -> Job:
    """End the stage well.

    Raises:
        STAGE_OVERTAKEN: the claim is no longer this worker's.
    """
    stage = _held(job, claim)
    return _with(
        job,
        replace(
            stage, state=StageState.DONE, claim="", report=replace(report, cause=""), error=None
        ),
    )


def fail(
    job: Job,
    claim: Claim,
    report: Report,
    error: Problem,
    pause_after: Callable[[int], float | None],
) -> Job:
    """End an attempt that failed: the stage is tried again after a pause, or given up.

    Args:
        job: the job.
        claim: the worker's right.
        report: what the worker says last.
        error: why the attempt failed.
        pause_after: from the number of failures before this one to the pause in
            seconds, or to None to give up.

    Raises:
        STAGE_OVERTAKEN: the claim is no longer this worker's.
    """
    stage = _held(job, claim)
    pause_seconds = pause_after(stage.failure_count)
    if pause_seconds is None:
        return _with(job, _failed(stage, replace(report, cause=""), error))
    return _with(job, _put_back(stage, replace(report, cause=error.message), error, pause_seconds))


def release(job: Job, claim: Claim, report: Report) -> Job:
    """Put the stage back because its worker stops, or its brick gives way; this is no failure.

    Raises:
        STAGE_OVERTAKEN: the claim is no longer this worker's.
    """
    stage = _held(job, claim)
    return _with(
        job,
        replace(stage, state=StageState.WAITING, claim="", report=report, pause_seconds=0.0),
    )


def take_back(job: Job, name: StageName, version: int, failures_max: int) -> Job:
    """Take a stage from a worker that fell silent.

    Raises:
        STAGE_OVERTAKEN: the stage changed since `version`.
    """
    stage = _unchanged(job, name, version)
    error = Problem(Reason.WORKER_LOST, "The worker that ran this stage fell silent.")
    if stage.failure_count + 1 >= failures_max:
        return _with(job, _failed(stage, stage.report, error))
    return _with(job, _put_back(stage, replace(stage.report, cause=error.message), error, 0.0))


def cancel(job: Job) -> Job:
    """End the job because its owner wants it; cancelling twice is once.

    Raises:
        JOB_FINISHED: the job has ended otherwise.
    """
    if job.state is JobState.CANCELLED:
        return job
    if job.state is not JobState.RUNNING:
        raise NotPossible(
            Reason.JOB_FINISHED,
            f"The job has ended already: it is {job.state}.",
            metadata={"job": job.job_id, "state": job.state},
        )
    error = Problem(Reason.JOB_CANCELLED, "The job was cancelled.")
    return replace(job, state=JobState.CANCELLED, error=error, stages=_stopped(job.stages))


def _with(job: Job, stage: Stage) -> Job:
    changed = replace(stage, version=stage.version + 1)
    stages = tuple(changed if old.name is stage.name else old for old in job.stages)
    state, error = outcome(stages)
    if state is JobState.FAILED:
        stages = _stopped(stages)
    return replace(job, stages=stages, state=state, error=error)


def _stopped(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(
        stage
        if stage.state.is_over
        else replace(stage, state=StageState.CANCELLED, claim="", version=stage.version + 1)
        for stage in stages
    )


def _put_back(stage: Stage, report: Report, error: Problem, pause_seconds: float) -> Stage:
    return replace(
        stage,
        state=StageState.WAITING,
        claim="",
        report=report,
        error=error,
        failure_count=stage.failure_count + 1,
        pause_seconds=pause_seconds,
    )


def _failed(stage: Stage, report: Report, error: Problem) -> Stage:
    return replace(
        stage,
        state=StageState.FAILED,
        claim="",
        report=report,
        error=error,
        failure_count=stage.failure_count + 1,
    )


def _unchanged(job: Job, name: StageName, version: int) -> Stage:
    stage = job.stage(name)
    if stage.version != version:
        raise _overtaken(stage)
    return stage


def _held(job: Job, claim: Claim) -> Stage:
    stage = job.stage(claim.stage)
    if stage.state is not StageState.RUNNING or stage.claim != claim.secret:
        raise _overtaken(stage)
    return stage


def _overtaken(stage: Stage) -> Aborted:
    return Aborted(
        Reason.STAGE_OVERTAKEN,
        f"The stage {stage.name} has gone on without this caller: it is {stage.state}.",
        metadata={"stage": stage.name, "state": stage.state},
    )
