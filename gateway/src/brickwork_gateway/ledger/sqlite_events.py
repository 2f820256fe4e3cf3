"""Events in SQLite: numbered from 1 within their job."""

import json
import sqlite3
from collections.abc import Sequence

from brickwork_gateway.ledger.event import Event

TABLE = """
CREATE TABLE events (
    job_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job_id, sequence)
) STRICT, WITHOUT ROWID
"""
_PAGE = 500


def append(connection: sqlite3.Connection, job_id: str, events: Sequence[Event]) -> None:
    """Keep events after those that the job has."""
    (last,) = connection.execute(
        "SELECT coalesce(max(sequence), 0) FROM events WHERE job_id = ?", (job_id,)
    ).fetchone()
    connection.executemany(
        "INSERT INTO events (job_id, sequence, kind, body) VALUES (?, ?, ?, ?)",
        [
            (job_id, sequence, event.kind, json.dumps(event.body, ensure_ascii=False))
            for sequence, event in enumerate(events, last + 1)
        ],
    )


def read(connection: sqlite3.Connection, job_id: str, after: int) -> list[Event]:
    """Return the next events beyond `after`, at most a page of them."""
    rows = connection.execute(
        "SELECT sequence, kind, body FROM events WHERE job_id = ? AND sequence > ?"
        " ORDER BY sequence LIMIT ?",
        (job_id, after, _PAGE),
    )
    return [Event(kind, json.loads(body), sequence) for sequence, kind, body in rows]
