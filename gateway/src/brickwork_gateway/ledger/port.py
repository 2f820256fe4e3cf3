"""What the gateway asks of its ledger, whatever keeps it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.event import Event
from brickwork_gateway.ledger.job import Job, JobState, StageName


class Ledger(Protocol):
    """Keeps jobs, the results of their stages, and their events.

    Several processes use one ledger. A call returns once what it wrote would
    survive a loss of power.
    """

    def change_mark(self) -> int:
        """Return a number that differs once anybody has changed the ledger.

        It costs next to nothing and waits for nobody, so that who wants to hear of changes may ask
        often.
        """

    def add(self, job: Job) -> None:
        """Keep a new job and its first events."""

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            JOB_UNKNOWN: there is none of this id.
        """

    def latest(self, limit: int) -> list[Job]:
        """Return the newest jobs, the newest first."""

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not over, the oldest first."""

    def counts(self) -> Mapping[JobState, int]:
        """Count the jobs of each state."""

    def change(self, job_id: str, transition: Callable[[Job], Job]) -> Job:
        """Replace a job by what `transition` makes of it; nobody comes between.

        The events of the change are kept with it. When `transition` raises, nothing is.

        Raises:
            JOB_UNKNOWN: there is none of this id.
        """

    def keep(
        self, job_id: str, chunks: Sequence[Chunk], transition: Callable[[Job, int], Job]
    ) -> Job:
        """Keep results together with a change of their job, all or nothing.

        A chunk whose key its stage has already is left as it was; `transition` learns
        how many were new. Otherwise as `change`.

        Raises:
            JOB_UNKNOWN: there is none of this id.
        """

    def chunks(self, job_id: str, stage: StageName) -> list[Chunk]:
        """Return what a stage has kept so far, in order of key."""

    def chunks_after(self, job_id: str, stage: StageName, after: str, count: int) -> list[Chunk]:
        """Return the first chunks of a stage whose key sorts after one, at most so many."""

    def chunks_between(self, job_id: str, stage: StageName, first: str, last: str) -> list[Chunk]:
        """Return what a stage has kept under the keys from first to last, in order of key."""

    def events(self, job_id: str, after: int) -> list[Event]:
        """Return the events of a job whose sequence is beyond `after`, in order."""
