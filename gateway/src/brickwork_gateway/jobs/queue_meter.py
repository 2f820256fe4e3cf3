"""How long stages wait for a worker, as the dispatcher sees it by its own clock."""

from collections import Counter
from collections.abc import Callable, Iterable

from brickwork_gateway.ledger.graph import may_start
from brickwork_gateway.ledger.job import Job, Stage, StageName, StageState
from brickwork_gateway.metrics import QUEUE_AGE_SECONDS, STAGE_QUEUED_SECONDS, STAGES
from brickwork_sdk.caller import WorkClass

_Attempt = tuple[str, StageName, int]


class QueueMeter:
    """Measures the queue at every look of the dispatcher.

    The age of a stage begins when this process first sees that it could begin.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ready_since: dict[tuple[str, StageName], float] = {}
        self._sent_since: dict[_Attempt, float] = {}
        self._states: set[tuple[str, str]] = set()

    def look(self, jobs: Iterable[Job]) -> None:
        """Note the unfinished jobs as they are now."""
        now = self._clock()
        stages = [(job, stage) for job in jobs for stage in job.stages]
        self._count(stage for _, stage in stages)
        self._note_age([each for each in stages if _could_begin(*each)], now)
        self._note_taken([each for each in stages if each[1].state is StageState.SENT], now)

    def sends(self, job_id: str, stage: StageName, attempt: int) -> None:
        """Note that an attempt is sent; sent once more it is as old as it was."""
        self._sent_since.setdefault((job_id, stage, attempt), self._clock())

    def _count(self, stages: Iterable[Stage]) -> None:
        counts = Counter((stage.name.value, stage.state.value) for stage in stages)
        self._states |= counts.keys()
        for stage, state in self._states:
            STAGES.labels(stage, state).set(counts[stage, state])

    def _note_age(self, ready: list[tuple[Job, Stage]], now: float) -> None:
        self._ready_since = {
            (job.job_id, stage.name): self._ready_since.get((job.job_id, stage.name), now)
            for job, stage in ready
        }
        ages = {WorkClass.INTERACTIVE: 0.0, WorkClass.BATCH: 0.0}
        for job, stage in ready:
            age = now - self._ready_since[job.job_id, stage.name]
            ages[job.request.work_class] = max(age, ages[job.request.work_class])
        for work_class, age in ages.items():
            QUEUE_AGE_SECONDS.labels(work_class.value).set(age)

    def _note_taken(self, sent: list[tuple[Job, Stage]], now: float) -> None:
        here = {(job.job_id, stage.name, stage.attempt) for job, stage in sent}
        for attempt in self._sent_since.keys() - here:
            STAGE_QUEUED_SECONDS.labels(attempt[1].value).observe(
                now - self._sent_since.pop(attempt)
            )
        for attempt in here - self._sent_since.keys():
            self._sent_since[attempt] = now


def _could_begin(job: Job, stage: Stage) -> bool:
    return stage.state is StageState.SENT or (
        stage.state is StageState.WAITING and may_start(job, stage)
    )
