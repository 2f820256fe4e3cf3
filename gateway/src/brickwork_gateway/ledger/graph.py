"""Which stages a job has, what each needs, and what their ends mean for the job."""

from brickwork_gateway.ledger.job import (
    Job,
    JobState,
    Problem,
    Recording,
    Report,
    Request,
    Stage,
    StageName,
    StageState,
)

NEEDS: dict[StageName, frozenset[StageName]] = {
    StageName.INGEST: frozenset(),
    StageName.TRANSCRIBE: frozenset({StageName.INGEST}),
    StageName.DIARIZE: frozenset({StageName.INGEST}),
    StageName.READ_VIDEO: frozenset({StageName.INGEST}),
    StageName.ALIGN: frozenset({StageName.TRANSCRIBE, StageName.DIARIZE, StageName.READ_VIDEO}),
    StageName.TRANSLATE: frozenset({StageName.ALIGN}),
    StageName.SUMMARIZE: frozenset({StageName.ALIGN}),
    StageName.PUBLISH: frozenset({StageName.ALIGN, StageName.TRANSLATE, StageName.SUMMARIZE}),
}
"""A stage may start once all of these are over; how they ended is for the stage to bear."""

CORE = frozenset({StageName.INGEST, StageName.TRANSCRIBE, StageName.ALIGN, StageName.PUBLISH})
"""Without these there is nothing worth delivering; without the others there is."""

PARTS: dict[StageName, str] = {
    StageName.DIARIZE: "speakers",
    StageName.READ_VIDEO: "slides",
    StageName.TRANSLATE: "translation",
    StageName.SUMMARIZE: "summary",
}
"""What the result lacks when the stage fails."""


def plan(request: Request, recording: Recording, ingest_ms: int) -> tuple[Stage, ...]:
    """Lay out the stages of a new job, whose ingest has just been done."""
    wanted = [StageName.INGEST, StageName.TRANSCRIBE, StageName.DIARIZE, StageName.READ_VIDEO]
    wanted.append(StageName.ALIGN)
    if request.translate:
        wanted.append(StageName.TRANSLATE)
    if request.summary:
        wanted.append(StageName.SUMMARIZE)
    wanted.append(StageName.PUBLISH)
    over = {StageName.INGEST: (StageState.DONE, Report(ran_ms=ingest_ms))}
    if not recording.has_video:
        over[StageName.READ_VIDEO] = (
            StageState.SKIPPED,
            Report(cause="The recording has no pictures."),
        )
    return tuple(
        Stage(name, state=over[name][0], report=over[name][1]) if name in over else Stage(name)
        for name in wanted
    )


def may_start(job: Job, stage: Stage) -> bool:
    """Tell whether all that the stage needs is over."""
    return all(other.state.is_over for other in job.stages if other.name in NEEDS[stage.name])


def outcome(stages: tuple[Stage, ...]) -> tuple[JobState, Problem | None]:
    """Conclude the job's state from its stages, and why it failed if it did."""
    for stage in stages:
        if stage.name in CORE and stage.state is StageState.FAILED:
            return JobState.FAILED, stage.error
    if all(stage.state.is_over for stage in stages):
        return JobState.COMPLETED, None
    return JobState.RUNNING, None
