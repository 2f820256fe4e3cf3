"""Chunks in SQLite: unique by job, stage and key."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

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

_OF_STAGE = "SELECT key, body FROM chunks WHERE job_id = ? AND stage = ?"


def add(connection: sqlite3.Connection, job_id: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Keep chunks, and return those that were new."""
    return [chunk for chunk in chunks if _add(connection, job_id, chunk)]


def read(connection: sqlite3.Connection, job_id: str, stage: StageName) -> list[Chunk]:
    """Return what a stage has kept so far, in order of key."""
    return _found(stage, connection.execute(f"{_OF_STAGE} ORDER BY key", (job_id, stage.value)))


def read_after(
    connection: sqlite3.Connection, job_id: str, stage: StageName, after: str, count: int
) -> list[Chunk]:
    """Return the first chunks of a stage whose key sorts after one, at most so many."""
    query = f"{_OF_STAGE} AND key > ? ORDER BY key LIMIT ?"
    return _found(stage, connection.execute(query, (job_id, stage.value, after, count)))


def read_between(
    connection: sqlite3.Connection, job_id: str, stage: StageName, first: str, last: str
) -> list[Chunk]:
    """Return what a stage has kept under the keys from first to last, in order of key."""
    query = f"{_OF_STAGE} AND key BETWEEN ? AND ? ORDER BY key"
    return _found(stage, connection.execute(query, (job_id, stage.value, first, last)))


def _found(stage: StageName, rows: Iterable[tuple[str, str]]) -> list[Chunk]:
    return [Chunk(stage, key, json.loads(body)) for key, body in rows]


def _add(connection: sqlite3.Connection, job_id: str, chunk: Chunk) -> bool:
    cursor = connection.execute(
        "INSERT OR IGNORE INTO chunks (job_id, stage, key, body) VALUES (?, ?, ?, ?)",
        (job_id, chunk.stage.value, chunk.key, json.dumps(chunk.body, ensure_ascii=False)),
    )
    return cursor.rowcount == 1
