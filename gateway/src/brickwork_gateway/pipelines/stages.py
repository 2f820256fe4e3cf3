"""Which function does which stage."""

from collections.abc import Awaitable, Callable, Mapping

from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.align import align_words
from brickwork_gateway.pipelines.diarize import diarize
from brickwork_gateway.pipelines.publish import publish
from brickwork_gateway.pipelines.read_video import read_video
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.summarize import summarize
from brickwork_gateway.pipelines.transcribe import transcribe
from brickwork_gateway.pipelines.translate import translate

StageWork = Callable[[StageRun], Awaitable[None]]

STAGES: Mapping[StageName, StageWork] = {
    StageName.TRANSCRIBE: transcribe,
    StageName.DIARIZE: diarize,
    StageName.READ_VIDEO: read_video,
    StageName.ALIGN: align_words,
    StageName.TRANSLATE: translate,
    StageName.SUMMARIZE: summarize,
    StageName.PUBLISH: publish,
}
"""Ingest is not here: it is done before the job exists, so that a refusal costs nothing."""
