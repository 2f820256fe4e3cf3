"""The one dispatcher: sends what is ready and takes back what fell silent."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from brickwork_gateway.jobs.queue_meter import QueueMeter
from brickwork_gateway.jobs.silence import SilenceWatch
from brickwork_gateway.ledger.decisions import Action, Patience, Step, next_steps
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.ledger.port import Ledger
from brickwork_gateway.ledger.transitions import note, send, take_back
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import Aborted
from brickwork_sdk.telemetry.span import SpanKind, Value, span, traceparent

_log = logging.getLogger(__name__)

TRANSPORT_DOWN = "The task transport does not answer; the stage is sent once it is back."


_FAILED_TURN_SECONDS = 5.0
"""Pause after a turn that failed: a full disk must not be filled with logs of it."""


class Transport(Protocol):
    """Carries messages to workers, and may lose or double them."""

    def is_reachable(self) -> bool:
        """Tell whether the transport answers now."""

    def send(self, work_class: WorkClass, job_id: str, stage: StageName, attempt: int) -> bool:
        """Send a message; False when the transport did not take it."""


class Dispatcher:
    """Moves the ledger on, one turn after the other.

    It decides nothing itself and remembers nothing that matters: a fresh one
    knows all it needs after its first look at the ledger.
    """

    def __init__(
        self,
        ledger: Ledger,
        transport: Transport,
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._transport = transport
        self._patience = patience
        self._silence = SilenceWatch(clock)
        self._meter = QueueMeter(clock)
        self._mark: int | None = None
        self._jobs: Sequence[Job] = ()

    async def run(self, every_seconds: float) -> None:
        """Take turns until cancelled; a failed turn is logged and the next one tried."""
        while True:
            pause_seconds = every_seconds
            try:
                # With nothing to do, and nothing new, a turn would end as the one before.
                if self._jobs or self._ledger.change_mark() != self._mark:
                    await asyncio.to_thread(self.turn)
            except Exception:
                # Whatever is wrong with one turn, jobs must not stand still for good.
                _log.exception("dispatcher_turn_failed")
                pause_seconds = _FAILED_TURN_SECONDS
            await asyncio.sleep(pause_seconds)

    def turn(self) -> None:
        """Look at the ledger once and do what there is to do."""
        jobs = self._unfinished()
        self._silence.look(jobs)
        self._meter.look(jobs)
        steps = next_steps(jobs, self._silence.unchanged_seconds, self._patience)
        is_reachable = not steps or self._transport.is_reachable()
        traces = {job.job_id: job.trace for job in jobs}
        causes = {
            (job.job_id, stage.name): stage.report.cause for job in jobs for stage in job.stages
        }
        for step in steps:
            try:
                if step.action is Action.TAKE_BACK:
                    self._take_back(step)
                elif is_reachable:
                    self._send(step, traces[step.job_id])
                elif causes[step.job_id, step.stage] != TRANSPORT_DOWN:
                    self._note(step, TRANSPORT_DOWN)
            except Aborted:
                # A worker was quicker; the next look shows what it did.
                continue

    def _unfinished(self) -> Sequence[Job]:
        """Return the unfinished jobs, read again only if the ledger has changed."""
        mark = self._ledger.change_mark()  # First: what changes from now on is read next time.
        if mark != self._mark:
            self._jobs = self._ledger.unfinished()
            self._mark = mark
        return self._jobs

    def _send(self, step: Step, trace: str) -> None:
        about: dict[str, Value] = {"brickwork.job": step.job_id, "brickwork.stage": step.stage}
        name = f"send {step.stage}"
        with span(name, SpanKind.PRODUCER, parent=trace, attributes=about) as sending:
            # Marked first: a message without its mark would be refused by every worker, while a
            # mark without its message is sent again.
            job = self._ledger.change(
                step.job_id,
                partial(send, name=step.stage, version=step.version, trace=traceparent()),
            )
            attempt = job.stage(step.stage).attempt
            sending.set_attribute("brickwork.attempt", attempt)
            self._meter.sends(step.job_id, step.stage, attempt)
            self._transport.send(step.work_class, step.job_id, step.stage, attempt)

    def _take_back(self, step: Step) -> None:
        _log.warning("stage_fell_silent", extra={"job": step.job_id, "stage": step.stage})
        failures_max = self._patience.failures_max
        self._ledger.change(
            step.job_id,
            partial(take_back, name=step.stage, version=step.version, failures_max=failures_max),
        )

    def _note(self, step: Step, cause: str) -> None:
        self._ledger.change(
            step.job_id, partial(note, name=step.stage, version=step.version, cause=cause)
        )
