"""Jobs in SQLite: one row each, the job as a JSON document."""

import sqlite3
from collections.abc import Mapping

from pydantic import TypeAdapter

from brickwork_gateway.ledger.job import Job, JobState
from brickwork_sdk.errors import NotFound, Reason

TABLE = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT
"""
_JOB = TypeAdapter(Job)


def insert(connection: sqlite3.Connection, job: Job) -> None:
    """Keep a new job."""
    connection.execute(
        "INSERT INTO jobs (job_id, state, document) VALUES (?, ?, ?)",
        (job.job_id, job.state.value, _JOB.dump_json(job).decode()),
    )


def replace(connection: sqlite3.Connection, job: Job) -> None:
    """Keep a job as it is now."""
    connection.execute(
        "UPDATE jobs SET state = ?, document = ? WHERE job_id = ?",
        (job.state.value, _JOB.dump_json(job).decode(), job.job_id),
    )


def read(connection: sqlite3.Connection, job_id: str) -> Job:
    """Return a job, or raise JOB_UNKNOWN."""
    row = connection.execute("SELECT document FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    if row is None:
        raise NotFound(Reason.JOB_UNKNOWN, "There is no such job.", metadata={"job": job_id})
    return _JOB.validate_json(row[0])


def latest(connection: sqlite3.Connection, limit: int) -> list[Job]:
    """Return the newest jobs, the newest first."""
    rows = connection.execute("SELECT document FROM jobs ORDER BY number DESC LIMIT ?", (limit,))
    return [_JOB.validate_json(document) for (document,) in rows]


def counts(connection: sqlite3.Connection) -> Mapping[JobState, int]:
    """Count the jobs of each state."""
    found = dict(connection.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())
    return {state: found.get(state.value, 0) for state in JobState}


def unfinished(connection: sqlite3.Connection) -> list[Job]:
    """Return the jobs that are not over, the oldest first."""
    rows = connection.execute(
        "SELECT document FROM jobs WHERE state = ? ORDER BY number", (JobState.RUNNING.value,)
    )
    return [_JOB.validate_json(document) for (document,) in rows]
