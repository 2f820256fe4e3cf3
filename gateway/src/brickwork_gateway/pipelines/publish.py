"""The stage that puts what a job delivers into the object store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from brickwork.common.v1.common_pb2 import ObjectRef
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.pipelines import rendering
from brickwork_gateway.pipelines.result import compose
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.summarize import EXTRACTIVE, GROUNDED
from brickwork_gateway.pipelines.transcript import Transcript

_PARTS = (StageName.TRANSLATE, StageName.READ_VIDEO)
_TRANSCRIPTS = {
    "transcript.srt": ("application/x-subrip", rendering.render_srt),
    "transcript.vtt": ("text/vtt", rendering.render_vtt),
    "transcript.txt": ("text/plain", rendering.render_txt),
}


async def publish(run: StageRun) -> None:
    """Render the result in all its forms and keep their digests, all or none."""
    parts = {name: [chunk.body for chunk in await run.chunks(name)] for name in _PARTS}
    parts[StageName.ALIGN] = await Transcript(run).without_words()
    result = compose(_job_by_now(run), parts, await _summary(run), datetime.now(UTC))
    written = await run.objects.put(_json(run, result))
    artifacts = [_artifact("result.json", "application/json", written, result)]
    for name, (media_type, render) in _TRANSCRIPTS.items():
        written = await run.objects.put_bytes(render(result["segments"]).encode())
        artifacts.append(_artifact(name, media_type, written, result))
    if result["summary"]:
        written = await run.objects.put_bytes(rendering.render_summary(result["summary"]).encode())
        artifacts.append(_artifact("summary.txt", "text/plain", written, result))
    await run.keep(*artifacts)


def _artifact(name: str, media_type: str, written: ObjectRef, result: dict[str, Any]) -> Chunk:
    body = {
        "name": name,
        "media_type": media_type,
        "size_bytes": written.size_bytes,
        "sha256": written.sha256,
        "provenance": result["provenance"],
    }
    return Chunk(StageName.PUBLISH, name, body)


def _json(run: StageRun, result: dict[str, Any]) -> AsyncIterator[bytes]:
    """Write the result as JSON; of the words no more than a page is in memory at a time."""
    segments = iter(result["segments"])

    async def with_words() -> AsyncIterator[list[dict[str, Any]]]:
        async for page in run.pages(StageName.ALIGN):
            yield [{**next(segments), "words": aligned["words"]} for aligned in page]

    rest = {name: part for name, part in result.items() if name != "segments"}
    return rendering.json_pieces(with_words(), rest)


def _job_by_now(run: StageRun) -> Job:
    """Return the job with what this stage took so far; it ends only after the result is written."""
    stages = (
        replace(stage, report=run.report) if stage.name is StageName.PUBLISH else stage
        for stage in run.job.stages
    )
    return replace(run.job, stages=tuple(stages))


async def _summary(run: StageRun) -> dict[str, Any] | None:
    """Return both forms of the summary, each None where it is missing."""
    if not run.job.request.summary:
        return None
    kept = {chunk.key: chunk.body for chunk in await run.chunks(StageName.SUMMARIZE)}
    return {EXTRACTIVE: kept.get(EXTRACTIVE), GROUNDED: kept.get(GROUNDED)}
