"""What a job delivers: one JSON object, composed from what its stages kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.ledger.views import missing_parts
from brickwork_gateway.pipelines.language import spoken_language

Body = dict[str, Any]


def compose(
    job: Job, results: Mapping[StageName, Sequence[Body]], summary: Body | None, now: datetime
) -> Body:
    """Compose the result of a job, without the words of its segments.

    Args:
        job: the job, all of whose stages but publish are over.
        results: bodies of the chunks of align, which may lack their words, of translate and of
            read_video.
        summary: the summary in its forms; None when none was asked for.
        now: the time of publishing.
    """
    aligned = results[StageName.ALIGN]
    translations = {body["index"]: body["translation"] for body in results[StageName.TRANSLATE]}
    return {
        "segments": [
            _segment(segment, translations.get(index)) for index, segment in enumerate(aligned)
        ],
        "speakers": list(dict.fromkeys(s["speaker"] for s in aligned if s["speaker"])),
        "slides": list(results[StageName.READ_VIDEO]),
        "summary": summary,
        "language": spoken_language(aligned, job.request.language),
        "stages": [
            {
                "name": stage.name,
                "waited_ms": stage.report.waited_ms,
                "ran_ms": stage.report.ran_ms,
                "model": stage.report.model.name if stage.report.model else None,
            }
            for stage in job.stages
        ],
        "provenance": _provenance(job, now),
        "missing": missing_parts(job),
    }


def _segment(segment: Body, translation: str | None) -> Body:
    return {
        "start_ms": segment["start_ms"],
        "end_ms": segment["end_ms"],
        "speaker": segment["speaker"],
        "text": segment["text"],
        "translation": translation,
    }


def _provenance(job: Job, now: datetime) -> Body:
    request = job.request
    return {
        "job_id": job.job_id,
        "created_time": job.created_time.isoformat(),
        "published_time": now.isoformat(),
        "recording": {"name": request.name, **asdict(job.recording)},
        "parameters": {
            "language": request.language,
            "task": request.task,
            "prompt": request.prompt,
            "hot_words": request.hot_words,
            "translate": request.translate,
            "summary": request.summary,
            "class": request.work_class,
        },
        "models": [
            {"stage": stage.name, **asdict(stage.report.model)}
            for stage in job.stages
            if stage.report.model
        ],
        "software": f"brickwork-gateway {version('brickwork-gateway')}",
    }
