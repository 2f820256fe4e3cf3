"""Jobs to test with, in whatever state a test needs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from brickwork_gateway.ledger.graph import plan
from brickwork_gateway.ledger.job import Claim, Job, Problem, Recording, Report, Request, StageName
from brickwork_gateway.ledger.transitions import claim, fail, finish, send

SECRET = "secret"


def _make_job(job_id: str = "a", *, has_video: bool = True, **request: Any) -> Job:
    wanted = Request(**{"name": "talk.mp4", "translate": "pt", "summary": True, **request})
    recording = Recording("0" * 64, 10, 60_000, has_video)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return Job(job_id, wanted, recording, created, plan(wanted, recording, ingest_ms=7))


def _running(job: Job, name: StageName) -> Job:
    job = send(job, name, job.stage(name).version)
    return claim(job, name, job.stage(name).attempt, SECRET)


def _done(job: Job, *names: StageName) -> Job:
    for name in names:
        job = finish(_running(job, name), Claim(job.job_id, name, SECRET), Report())
    return job


def _failed(
    job: Job, name: StageName, pause_after: Callable[[int], float | None] = lambda count: None
) -> Job:
    held = Claim(job.job_id, name, SECRET)
    error = Problem("ENGINE_CRASHED", "The engine crashed.")
    return fail(_running(job, name), held, Report(), error, pause_after)


@pytest.fixture(scope="session")
def make_job() -> Callable[..., Job]:
    return _make_job


@pytest.fixture(scope="session")
def running() -> Callable[..., Job]:
    return _running


@pytest.fixture(scope="session")
def done() -> Callable[..., Job]:
    return _done


@pytest.fixture(scope="session")
def failed() -> Callable[..., Job]:
    return _failed
