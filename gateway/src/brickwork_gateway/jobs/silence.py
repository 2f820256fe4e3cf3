"""For how long each stage has not changed, by one clock of one process."""

from collections.abc import Callable, Iterable

from brickwork_gateway.ledger.job import Job, Stage, StageName


class SilenceWatch:
    """Remembers when each version of each stage was first seen."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, StageName], tuple[int, float]] = {}

    def look(self, jobs: Iterable[Job]) -> None:
        """Note the stages as they are now, and forget the jobs that are not among them."""
        now = self._clock()
        seen = {}
        for job in jobs:
            for stage in job.stages:
                key = (job.job_id, stage.name)
                version, since = self._seen.get(key, (stage.version, now))
                seen[key] = (stage.version, since if version == stage.version else now)
        self._seen = seen

    def unchanged_seconds(self, job: Job, stage: Stage) -> float:
        """Return how long before the last look the stage got the version that it has."""
        _, since = self._seen[(job.job_id, stage.name)]
        return self._clock() - since
