"""The ledger in one SQLite file that several processes share."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from brickwork_gateway.ledger import sqlite_chunks, sqlite_events, sqlite_jobs
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.event import Event, events_between
from brickwork_gateway.ledger.job import Job, JobState, StageName
from brickwork_sdk.errors import NoCapacity, NotPossible, Reason

_VERSION = 1
_BUSY_SECONDS = 40.0
"""A process that freezes in mid-change holds the others up until it is killed, 25 s later at most;
they wait that long and a bit more rather than fail."""


class SqliteLedger:
    """Keeps the ledger in a file; safe to use from several threads and processes.

    Writers come one after the other, because each change begins by taking the
    write lock; readers never wait for them (write-ahead log). With synchronous
    FULL a change that was told to anybody survives a loss of power.
    """

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Open the ledger of a folder, which is made for its owner alone.

        Raises:
            SETTING_INVALID: nothing can be kept in this folder.
            LEDGER_INCOMPATIBLE: what is there has another format.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(folder / "ledger.sqlite3")
        except (OSError, sqlite3.DatabaseError) as error:
            raise NotPossible(
                Reason.SETTING_INVALID,
                f"No ledger can be kept in {folder}: {error}.",
                metadata={"folder": str(folder)},
            ) from error

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        with self._writing() as connection:
            _prepare(connection)
        # To a connection that never writes, every change is one of another connection.
        self._watching = threading.Lock()
        self._watcher = sqlite3.connect(
            path, timeout=1.0, isolation_level=None, check_same_thread=False
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._watching:
            self._watcher.close()
            self._connection.close()

    def change_mark(self) -> int:
        """Return a number that differs once anybody has changed the ledger.

        Source: SQLite, PRAGMA data_version.
        """
        with self._watching:
            (mark,) = self._watcher.execute("PRAGMA data_version").fetchone()
            return int(mark)

    def add(self, job: Job) -> None:
        """Keep a new job and its first events."""
        with self._writing() as connection:
            sqlite_jobs.insert(connection, job)
            sqlite_events.append(connection, job.job_id, events_between(None, job, ()))

    def get(self, job_id: str) -> Job:
        """Return a job, or raise JOB_UNKNOWN."""
        with self._lock:
            return sqlite_jobs.read(self._connection, job_id)

    def latest(self, limit: int) -> list[Job]:
        """Return the newest jobs, the newest first."""
        with self._lock:
            return sqlite_jobs.latest(self._connection, limit)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not over, the oldest first."""
        with self._lock:
            return sqlite_jobs.unfinished(self._connection)

    def counts(self) -> Mapping[JobState, int]:
        """Count the jobs of each state."""
        with self._lock:
            return sqlite_jobs.counts(self._connection)

    def change(self, job_id: str, transition: Callable[[Job], Job]) -> Job:
        """Replace a job by what `transition` makes of it."""
        return self.keep(job_id, (), lambda job, _: transition(job))

    def keep(
        self, job_id: str, chunks: Sequence[Chunk], transition: Callable[[Job, int], Job]
    ) -> Job:
        """Keep results together with a change of their job, all or nothing."""
        with self._writing() as connection:
            old = sqlite_jobs.read(connection, job_id)
            added = sqlite_chunks.add(connection, job_id, chunks)
            new = transition(old, len(added))
            if new != old:
                sqlite_jobs.replace(connection, new)
            sqlite_events.append(connection, job_id, events_between(old, new, added))
            return new

    def chunks(self, job_id: str, stage: StageName) -> list[Chunk]:
        """Return what a stage has kept so far, in order of key."""
        with self._lock:
            return sqlite_chunks.read(self._connection, job_id, stage)

    def chunks_after(self, job_id: str, stage: StageName, after: str, count: int) -> list[Chunk]:
        """Return the first chunks of a stage whose key sorts after one, at most so many."""
        with self._lock:
            return sqlite_chunks.read_after(self._connection, job_id, stage, after, count)

    def chunks_between(self, job_id: str, stage: StageName, first: str, last: str) -> list[Chunk]:
        """Return what a stage has kept under the keys from first to last, in order of key."""
        with self._lock:
            return sqlite_chunks.read_between(self._connection, job_id, stage, first, last)

    def events(self, job_id: str, after: int) -> list[Event]:
        """Return the events of a job whose sequence is beyond `after`, in order."""
        with self._lock:
            return sqlite_events.read(self._connection, job_id, after)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error) and _is_full(error):
                    raise NoCapacity(
                        Reason.STORAGE_FULL, "The disk of the ledger is full."
                    ) from error
                raise


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return
    if version != 0:
        raise NotPossible(
            Reason.LEDGER_INCOMPATIBLE,
            f"The ledger has format {version}; this version reads format {_VERSION}.",
            metadata={"found": str(version), "expected": str(_VERSION)},
        )
    for noun in (sqlite_jobs, sqlite_chunks, sqlite_events):
        connection.execute(noun.TABLE)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
