"""What a job is: a request, a recording, and stages; values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from brickwork_sdk.caller import WorkClass


class StageName(StrEnum):
    """The steps from a recording to what is delivered."""

    INGEST = "ingest"
    TRANSCRIBE = "transcribe"
    DIARIZE = "diarize"
    READ_VIDEO = "read_video"
    ALIGN = "align"
    TRANSLATE = "translate"
    SUMMARIZE = "summarize"
    PUBLISH = "publish"


class StageState(StrEnum):
    """Where a stage stands."""

    WAITING = "waiting"
    SENT = "sent"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing will happen to the stage any more."""
        return self not in (StageState.WAITING, StageState.SENT, StageState.RUNNING)


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Problem:
    """Why something failed: a reason of the catalogue and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True)
class Model:
    """The model that did a stage's work, exactly."""

    name: str
    digest: str
    engine: str
    precision: str
    device: str


@dataclass(frozen=True)
class Progress:
    """How far a stage has come.

    Attributes:
        done: work done so far, in `unit`.
        total: work in all; None while unknown.
        unit: `media_ms`, `pages` or `items`.
    """

    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class Report:
    """What a worker says of the stage that it runs.

    Attributes:
        cause: what the stage waits for, one sentence; empty while it works.
        waited_ms: time spent waiting for memory and model, over all attempts.
        ran_ms: time spent working, over all attempts.
    """

    cause: str = ""
    waited_ms: int = 0
    ran_ms: int = 0
    model: Model | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class Stage:
    """One step of a job.

    Attributes:
        version: grows with every change; a stage whose version stands still is silent.
        attempt: number of the attempt that is sent or runs; grows, never repeats.
        send_count: how often the message of this attempt was sent.
        trace: traceparent of the last sending; empty before the first one.
        failure_count: attempts that failed one after the other without a result.
        pause_seconds: how long to wait before the next attempt.
        claim: secret of the worker that runs the stage; whoever lacks it writes nothing.
        error: why the last attempt failed.
    """

    name: StageName
    state: StageState = StageState.WAITING
    version: int = 0
    attempt: int = 0
    send_count: int = 0
    trace: str = ""
    failure_count: int = 0
    pause_seconds: float = 0.0
    claim: str = ""
    report: Report = Report()
    error: Problem | None = None


@dataclass(frozen=True)
class Request:
    """What the caller asked for.

    Attributes:
        name: file name of the recording as the caller gave it; never used as a path.
        language: language that is spoken, ISO 639-1; None lets the model hear it.
        translate: language to translate into, ISO 639-1; None for no translation.
        summary: whether a summary is wanted.
        task: to write what is said, or to let the model for speech write it in English.
        prompt: text that could have come before the recording; empty for none.
        hot_words: names and terms that may be said.
    """

    name: str
    language: str | None = None
    translate: str | None = None
    summary: bool = False
    work_class: WorkClass = WorkClass.INTERACTIVE
    task: Literal["transcribe", "translate"] = "transcribe"
    prompt: str = ""
    hot_words: tuple[str, ...] = ()

    @property
    def written_in(self) -> str | None:
        """Language of the transcript, whatever is spoken; None where it is the spoken one."""
        return "en" if self.task == "translate" else None


@dataclass(frozen=True)
class Recording:
    """The stored recording and what the probe found in it."""

    sha256: str
    size_bytes: int
    duration_ms: int
    has_video: bool


@dataclass(frozen=True)
class Job:
    """A job with its stages in the order of the graph.

    Attributes:
        trace: traceparent of the request that made it; its stages go on with that trace, whichever
            process sends and runs them, and whenever.
    """

    job_id: str
    request: Request
    recording: Recording
    created_time: datetime
    stages: tuple[Stage, ...]
    state: JobState = JobState.RUNNING
    trace: str = ""
    error: Problem | None = None

    def stage(self, name: StageName) -> Stage:
        """Return the stage of this name, which the job must have."""
        return next(stage for stage in self.stages if stage.name is name)


@dataclass(frozen=True)
class Claim:
    """The right of one worker to run one attempt of one stage."""

    job_id: str
    stage: StageName
    secret: str
