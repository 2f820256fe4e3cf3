"""Who speaks when: all turns at once, because labels need the whole recording."""

from contextlib import aclosing

from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.answers import RECORDING_SECONDS_MAX, results
from brickwork_gateway.pipelines.keys import place_key
from brickwork_gateway.pipelines.stage_run import StageRun


async def diarize(run: StageRun) -> None:
    """Keep the turns of all speakers, or none of them."""
    if await run.chunks(StageName.DIARIZE):
        return
    turns = []
    async with run.brick("diarize") as channel:
        call = diarize_pb2_grpc.DiarizeServiceStub(channel).DiarizeRecording(
            diarize_pb2.DiarizeRecordingRequest(media=run.media),
            timeout=RECORDING_SECONDS_MAX,
        )
        async with aclosing(results(run, "diarize", call)) as answers:
            async for answer in answers:
                if answer.HasField("turn"):
                    turns.append(answer.turn)
    await run.keep(
        *(
            Chunk(
                StageName.DIARIZE,
                place_key(index),
                {"start_ms": turn.start_ms, "end_ms": turn.end_ms, "speaker": turn.speaker},
            )
            for index, turn in enumerate(turns)
        )
    )
