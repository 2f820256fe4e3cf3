"""Runs one attempt of a stage under a claim that it renews while the work goes on."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from brickwork_gateway.jobs.attempt_meter import Outcome, measured
from brickwork_gateway.ledger.decisions import Patience, pause_after
from brickwork_gateway.ledger.job import Claim, Job, Problem, StageName
from brickwork_gateway.ledger.transitions import claim, fail, finish, release, renew
from brickwork_gateway.metrics import STAGE_ERRORS
from brickwork_gateway.pipelines.stage_run import StageRun, Surroundings
from brickwork_gateway.pipelines.stages import StageWork
from brickwork_sdk.errors import (
    Aborted,
    BrickworkError,
    Cancelled,
    EngineFailed,
    NotFound,
    Reason,
)
from brickwork_sdk.telemetry.span import mark_failed

_log = logging.getLogger(__name__)

_GIVING_WAY = (Reason.BRICK_STOPPING, Reason.VRAM_REVOKED)
"""A brick that is drained hands over to another replica, or to the next one; a model whose memory
was asked back hands over to more urgent work. Neither is a failure, however often it happens."""


class Runner:
    """Claims stages, runs them and tells the ledger how they ended.

    Whatever happens to a stage's claim, the work ends within a beat: because the job
    was cancelled, because another worker has the stage, or because this worker stops.
    """

    def __init__(
        self,
        stages: Mapping[StageName, StageWork],
        surroundings: Surroundings,
        patience: Patience,
        beat_seconds: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._stages = stages
        self._surroundings = surroundings
        self._patience = patience
        self._beat_seconds = beat_seconds
        self._is_stopping = is_stopping

    async def run(self, job_id: str, stage: str, attempt: int) -> None:
        """Run an attempt, unless somebody has it already or it is out of date."""
        held = Claim(job_id, StageName(stage), secrets.token_hex(8))
        try:
            job = await self._change(
                held, partial(claim, name=held.stage, attempt=attempt, secret=held.secret)
            )
        except (Aborted, NotFound):
            _log.info("message_out_of_date", extra={"job": job_id, "stage": stage})
            return
        run = StageRun(job, held, self._surroundings)
        with measured(run) as ending:
            work = asyncio.ensure_future(self._stages[held.stage](run))
            try:
                ending.outcome = await self._watch(run, work)
            except Aborted:
                ending.outcome = "overtaken"
                _log.info("stage_overtaken", extra={"job": job_id, "stage": stage})
            finally:
                work.cancel()
                # Gathered, not only awaited, because how it ended has been told already.
                await asyncio.gather(work, return_exceptions=True)

    async def _watch(self, run: StageRun, work: "asyncio.Future[None]") -> Outcome:
        """Renew the claim until the work is over, then say how it ended."""
        while True:
            await asyncio.wait({work}, timeout=self._beat_seconds)
            if work.done():
                return await self._end(run, _failure(run.claim, work))
            if self._is_stopping():
                return await self._release(run)
            await self._change(run.claim, partial(renew, claim=run.claim, report=run.report))

    async def _end(self, run: StageRun, error: BrickworkError | None) -> Outcome:
        if error is None:
            await self._change(run.claim, partial(finish, claim=run.claim, report=run.report))
            return "done"
        if error.reason in _GIVING_WAY:
            return await self._release(run, error.message)
        STAGE_ERRORS.labels(run.claim.stage.value, error.reason.value).inc()
        mark_failed(error.reason)
        about = {"job": run.claim.job_id, "stage": run.claim.stage, "reason": error.reason}
        _log.warning("stage_failed", extra=about)
        await self._change(
            run.claim,
            partial(
                fail,
                claim=run.claim,
                report=run.report,
                error=Problem(error.reason, error.message),
                pause_after=lambda count: pause_after(error, count, self._patience),
            ),
        )
        return "failed"

    async def _release(self, run: StageRun, cause: str = "") -> Outcome:
        report = replace(run.report, cause=cause)
        await self._change(run.claim, partial(release, claim=run.claim, report=report))
        return "released"

    async def _change(self, held: Claim, transition: Callable[[Job], Job]) -> Job:
        return await asyncio.to_thread(self._surroundings.ledger.change, held.job_id, transition)


def _failure(held: Claim, work: "asyncio.Future[None]") -> BrickworkError | None:
    """Return why the work failed; a lost claim is raised, for then there is nothing to say."""
    if work.cancelled():
        return Cancelled(Reason.CANCELLED, "The stage was interrupted.")
    error = work.exception()
    if isinstance(error, BrickworkError):
        if error.reason is Reason.STAGE_OVERTAKEN:
            raise error
        return error
    if error is not None:
        _log.error("stage_raised", exc_info=error, extra={"job": held.job_id, "stage": held.stage})
        return EngineFailed(
            Reason.UNEXPECTED, "The stage failed unexpectedly; see the worker's log."
        )
    return None
