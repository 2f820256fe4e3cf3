"""Chunks in SQLite: unique by job, stage and key."""

import json
import sqlite3
from collections.abc import Sequence

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName

TABLE = """
CREATE TABLE chunks (
    job_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job_id, stage, key)
) STRICT, WITHOUT ROWID
"""


def add(connection: sqlite3.Connection, job_id: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Keep chunks, and return those that were new."""
    return [chunk for chunk in chunks if _add(connection, job_id, chunk)]


def read(connection: sqlite3.Connection, job_id: str, stage: StageName) -> list[Chunk]:
    """Return what a stage has kept so far, in order of key."""
    rows = connection.execute(
        "SELECT key, body FROM chunks WHERE job_id = ? AND stage = ? ORDER BY key",
        (job_id, stage.value),
    )
    return [Chunk(stage, key, json.loads(body)) for key, body in rows]


def read_after(
    connection: sqlite3.Connection, job_id: str, stage: StageName, after: str, count: int
) -> list[Chunk]:
    """Return the first chunks of a stage whose key sorts after one, at most so many."""
    rows = connection.execute(
        "SELECT key, body FROM chunks"
        " WHERE job_id = ? AND stage = ? AND key > ? ORDER BY key LIMIT ?",
        (job_id, stage.value, after, count),
    )
    return [Chunk(stage, key, json.loads(body)) for key, body in rows]


def read_between(
    connection: sqlite3.Connection, job_id: str, stage: StageName, first: str, last: str
) -> list[Chunk]:
    """Return what a stage has kept under the keys from first to last, in order of key."""
    rows = connection.execute(
        "SELECT key, body FROM chunks"
        " WHERE job_id = ? AND stage = ? AND key BETWEEN ? AND ? ORDER BY key",
        (job_id, stage.value, first, last),
    )
    return [Chunk(stage, key, json.loads(body)) for key, body in rows]


def _add(connection: sqlite3.Connection, job_id: str, chunk: Chunk) -> bool:
    cursor = connection.execute(
        "INSERT OR IGNORE INTO chunks (job_id, stage, key, body) VALUES (?, ?, ?, ?)",
        (job_id, chunk.stage.value, chunk.key, json.dumps(chunk.body, ensure_ascii=False)),
    )
    return cursor.rowcount == 1
