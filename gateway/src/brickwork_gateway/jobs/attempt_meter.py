"""One attempt of a stage as a span and in numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from brickwork_gateway.metrics import STAGE_ATTEMPTS, STAGE_SECONDS
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_sdk.telemetry.span import SpanKind, Value, span

Outcome = Literal["done", "failed", "released", "overtaken"]


@dataclass
class Ending:
    """How an attempt ended; whoever runs it notes it here."""

    outcome: Outcome = "overtaken"


@contextmanager
def measured(run: StageRun) -> Iterator[Ending]:
    """Put an attempt into the trace of its job, and measure it."""
    job, before = run.job, run.report
    stage = job.stage(run.claim.stage)
    about: dict[str, Value] = {
        "brickwork.job": job.job_id,
        "brickwork.stage": stage.name,
        "brickwork.attempt": stage.attempt,
        "brickwork.class": job.request.work_class,
        "audio.duration_seconds": job.recording.duration_ms / 1000,
    }
    ending = Ending()
    parent = stage.trace or job.trace
    with span(f"stage {stage.name}", SpanKind.CONSUMER, parent=parent, attributes=about) as made:
        try:
            yield ending
        finally:
            report = run.report
            made.set_attribute("brickwork.outcome", ending.outcome)
            if report.model is not None:
                made.set_attribute("brickwork.model", report.model.name)
            waited_ms = report.waited_ms - before.waited_ms
            ran_ms = report.ran_ms - before.ran_ms
            STAGE_SECONDS.labels(stage.name.value, "waiting").observe(waited_ms / 1000)
            STAGE_SECONDS.labels(stage.name.value, "computing").observe(ran_ms / 1000)
            STAGE_ATTEMPTS.labels(stage.name.value, ending.outcome).inc()
