"""Speech to text, resumed after the last segment that was kept."""

from contextlib import aclosing
from typing import Any

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.answers import RECORDING_SECONDS_MAX, results
from brickwork_gateway.pipelines.keys import span_key
from brickwork_gateway.pipelines.stage_run import StageRun


async def transcribe(run: StageRun) -> None:
    """Keep each segment as soon as it is final."""
    start_ms = 0
    async for kept in run.pages(StageName.TRANSCRIBE):
        start_ms = max(start_ms, *(body["end_ms"] for body in kept))
    if start_ms and start_ms >= run.job.recording.duration_ms:
        return
    wanted = run.job.request
    request = asr_pb2.TranscribeRecordingRequest(
        media=run.media,
        language=wanted.language,
        start_ms=start_ms,
        task=asr_pb2.TranscribeTask.Value(f"TRANSCRIBE_TASK_{wanted.task.upper()}"),
        prompt=wanted.prompt,
        hot_words=wanted.hot_words,
    )
    async with run.brick("asr") as channel:
        call = asr_pb2_grpc.AsrServiceStub(channel).TranscribeRecording(
            request, timeout=RECORDING_SECONDS_MAX
        )
        async with aclosing(results(run, "asr", call)) as answers:
            async for answer in answers:
                if answer.HasField("segment"):
                    await run.keep(_chunk(answer.segment))


def _chunk(segment: asr_pb2.Segment) -> Chunk:
    body = {
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "language": segment.language,
        "words": [_word(word) for word in segment.words],
    }
    return Chunk(StageName.TRANSCRIBE, span_key(segment.start_ms, segment.end_ms), body)


def _word(word: asr_pb2.Word) -> dict[str, Any]:
    return {
        "start_ms": word.start_ms,
        "end_ms": word.end_ms,
        "text": word.text,
        "confidence": round(word.confidence, 4) if word.HasField("confidence") else None,
    }
