"""The stage that puts what a job delivers into the object store."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.pipelines import rendering
from brickwork_gateway.pipelines.result import compose
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.summarize import EXTRACTIVE, GROUNDED
from brickwork_gateway.pipelines.transcript import Transcript

_PARTS = (StageName.TRANSLATE, StageName.READ_VIDEO)


async def publish(run: StageRun) -> None:
    """Render the result in all its forms and keep their digests, all or none."""
    parts = {name: [chunk.body for chunk in await run.chunks(name)] for name in _PARTS}
    parts[StageName.ALIGN] = await Transcript(run).without_words()
    result = compose(_job_by_now(run), parts, await _summary(run), datetime.now(UTC))
    segments = result["segments"]
    files = {
        "result.json": ("application/json", await _json(run, result)),
        "transcript.srt": ("application/x-subrip", rendering.render_srt(segments).encode()),
        "transcript.vtt": ("text/vtt", rendering.render_vtt(segments).encode()),
        "transcript.txt": ("text/plain", rendering.render_txt(segments).encode()),
    }
    if result["summary"]:
        files["summary.txt"] = ("text/plain", rendering.render_summary(result["summary"]).encode())
    artifacts = []
    for name, (media_type, content) in files.items():
        stored = await run.objects.put_bytes(content)
        body = {
            "name": name,
            "media_type": media_type,
            "size_bytes": stored.size_bytes,
            "sha256": stored.sha256,
            "provenance": result["provenance"],
        }
        artifacts.append(Chunk(StageName.PUBLISH, name, body))
    await run.keep(*artifacts)


async def _json(run: StageRun, result: dict[str, Any]) -> bytes:
    """Render the result as JSON; of the words no more than a page is in memory at a time."""
    segments = iter(result["segments"])
    file = rendering.JsonFile()
    async for page in run.pages(StageName.ALIGN):
        for aligned in page:
            file.add({**next(segments), "words": aligned["words"]})
    return file.end({name: part for name, part in result.items() if name != "segments"})


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
