"""The stage that joins what was said with who spoke."""

import asyncio

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.alignment import Turn, align
from brickwork_gateway.pipelines.keys import place_key
from brickwork_gateway.pipelines.stage_run import StageRun


async def align_words(run: StageRun) -> None:
    """Keep the segments with their speakers; without turns nobody is named."""
    turns = [Turn(**chunk.body) for chunk in await run.chunks(StageName.DIARIZE)]
    names: dict[str, str] = {}
    count = 0
    async for segments in run.pages(StageName.TRANSCRIBE):
        aligned = await asyncio.to_thread(align, segments, turns, names)
        await run.keep(
            *(
                Chunk(StageName.ALIGN, place_key(index), segment)
                for index, segment in enumerate(aligned, count)
            )
        )
        count += len(aligned)
