"""Jobs: create, look at, list, cancel."""

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from brickwork_gateway import languages, speech
from brickwork_gateway.door import TheDoor
from brickwork_gateway.ledger import job as nouns
from brickwork_gateway.ledger.graph import plan
from brickwork_gateway.ledger.transitions import cancel
from brickwork_gateway.ledger.views import job_head, job_view
from brickwork_gateway.metrics import JOBS_SUBMITTED, SUBMITTED_AUDIO_SECONDS, SUBMITTED_BYTES
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.telemetry.span import traceparent

router = APIRouter(prefix="/v1/jobs")


class JobQuery(BaseModel):
    """What may be asked of a new job; the body of the request is the recording itself."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="recording", min_length=1, max_length=255)
    language: str | None = None
    translate: str | None = None
    summary: bool = False
    work_class: Literal["interactive", "batch"] = Field(default="interactive", alias="class")
    task: Literal["transcribe", "translate"] = "transcribe"
    prompt: str = ""
    hot_words: tuple[str, ...] = ()


@router.post("", status_code=201)
async def create_job(
    request: Request, response: Response, door: TheDoor, query: Annotated[JobQuery, Query()]
) -> dict[str, Any]:
    """Take a recording and begin to work on it."""
    wanted = nouns.Request(
        name=query.name,
        language=query.language,
        translate=query.translate,
        summary=query.summary,
        work_class=WorkClass(query.work_class),
        task=query.task,
        prompt=query.prompt,
        hot_words=query.hot_words,
    )
    try:
        await speech.require_possible(door.bricks["asr"], wanted)
        languages.require_known(query.language)
        languages.require_known(query.translate)
        if query.translate:
            source = wanted.written_in or query.language
            await languages.require_pair(door.bricks["translate"], source, query.translate)
    except BrickworkError:
        with suppress(BrickworkError):
            await door.uploads.discard(request)
        raise
    recording, ingest_ms = await door.uploads.ingest(request)
    job = nouns.Job(
        job_id=secrets.token_hex(16),
        request=wanted,
        recording=recording,
        created_time=datetime.now(UTC),
        stages=plan(wanted, recording, ingest_ms),
        trace=traceparent(),
    )
    await asyncio.to_thread(door.ledger.add, job)
    JOBS_SUBMITTED.labels(wanted.work_class.value).inc()
    SUBMITTED_AUDIO_SECONDS.labels(wanted.work_class.value).inc(recording.duration_ms / 1000)
    SUBMITTED_BYTES.labels(wanted.work_class.value).inc(recording.size_bytes)
    response.headers["Location"] = f"/v1/jobs/{job.job_id}"
    return job_view(job)


@router.get("")
def list_jobs(
    door: TheDoor, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> dict[str, list[dict[str, Any]]]:
    """List jobs, the newest first."""
    return {"jobs": [job_head(job) for job in door.ledger.latest(limit)]}


@router.get("/{job_id}")
def get_job(job_id: str, door: TheDoor) -> dict[str, Any]:
    """Show a job with its stages."""
    return job_view(door.ledger.get(job_id))


@router.post("/{job_id}/cancel")
def cancel_job(job_id: str, door: TheDoor) -> dict[str, Any]:
    """End a job; its running calls end within a beat of their workers."""
    return job_view(door.ledger.change(job_id, cancel))
