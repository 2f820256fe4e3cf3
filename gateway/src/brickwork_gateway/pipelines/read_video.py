"""Text on slides, resumed after the last text that was kept."""

from contextlib import aclosing

from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.answers import RECORDING_SECONDS_MAX, results
from brickwork_gateway.pipelines.keys import span_key
from brickwork_gateway.pipelines.stage_run import StageRun


async def read_video(run: StageRun) -> None:
    """Keep each text with its time span as soon as it has gone."""
    kept = await run.chunks(StageName.READ_VIDEO)
    start_ms = max((chunk.body["end_ms"] for chunk in kept), default=0)
    if kept and start_ms >= run.job.recording.duration_ms:
        return
    async with run.brick("ocr") as channel:
        call = ocr_pb2_grpc.OcrServiceStub(channel).ReadVideo(
            ocr_pb2.ReadVideoRequest(media=run.media, start_ms=start_ms),
            timeout=RECORDING_SECONDS_MAX,
        )
        async with aclosing(results(run, "ocr", call)) as answers:
            async for answer in answers:
                if answer.HasField("timed_text"):
                    await run.keep(_chunk(answer.timed_text))


def _chunk(text: ocr_pb2.TimedText) -> Chunk:
    body = {"start_ms": text.start_ms, "end_ms": text.end_ms, "text": text.text}
    return Chunk(StageName.READ_VIDEO, span_key(text.start_ms, text.end_ms), body)
