"""How a job is shown: plain JSON objects, the same in answers and in events."""

from dataclasses import asdict
from typing import Any

from brickwork_gateway.ledger.graph import PARTS
from brickwork_gateway.ledger.job import Job, Problem, Stage, StageState


def job_view(job: Job) -> dict[str, Any]:
    """Show a whole job."""
    return {
        **job_head(job),
        "prompt": job.request.prompt,
        "hot_words": job.request.hot_words,
        "stages": [stage_view(stage) for stage in job.stages],
        "missing": missing_parts(job),
    }


def job_head(job: Job) -> dict[str, Any]:
    """Show a job without its stages."""
    request = job.request
    return {
        "job_id": job.job_id,
        "state": job.state,
        "name": request.name,
        "class": request.work_class,
        "language": request.language,
        "task": request.task,
        "translate": request.translate,
        "summary": request.summary,
        "created_time": job.created_time.isoformat(),
        "recording": asdict(job.recording),
        "error": _problem(job.error),
        "trace_id": job.trace.split("-")[1] if job.trace else None,
    }


def stage_view(stage: Stage) -> dict[str, Any]:
    """Show a stage; `model` is its name, `cause` says what it waits for."""
    report = stage.report
    return {
        "name": stage.name,
        "state": stage.state,
        "cause": report.cause,
        "waited_ms": report.waited_ms,
        "ran_ms": report.ran_ms,
        "model": report.model.name if report.model else None,
        "progress": asdict(report.progress) if report.progress else None,
        "error": _problem(stage.error),
        "attempts": stage.attempt,
    }


def missing_parts(job: Job) -> list[dict[str, str]]:
    """Say which parts the result lacks, and why; nobody misses what was not asked for."""
    return [
        {
            "part": PARTS[stage.name],
            "stage": stage.name,
            "reason": stage.error.reason,
            "message": stage.error.message,
        }
        for stage in job.stages
        if stage.name in PARTS and stage.state is StageState.FAILED and stage.error
    ]


def _problem(problem: Problem | None) -> dict[str, str] | None:
    return asdict(problem) if problem else None
