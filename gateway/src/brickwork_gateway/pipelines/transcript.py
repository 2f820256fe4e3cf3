"""The aligned transcript of a job, read a stretch at a time."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.keys import place_key
from brickwork_gateway.pipelines.sentences import closes_sentence
from brickwork_gateway.pipelines.stage_run import PAGE_CHUNKS, StageRun

Body = dict[str, Any]


class Transcript:
    """Reads segments by their numbers, so that a long recording is never in memory at once."""

    def __init__(self, run: StageRun) -> None:
        self._run = run

    async def stretches(self) -> AsyncIterator[list[Body]]:
        """Yield all segments in order, some at a time; sentences lie within one stretch, mostly."""
        first, open_segments = 0, list[Body]()
        async for page in self._run.pages(StageName.ALIGN):
            numbered = ({**body, "index": index} for index, body in enumerate(page, first))
            first += len(page)
            segments = [*open_segments, *numbered]
            cut = _closed_count(segments)
            open_segments = segments[cut:]
            yield segments[:cut]
        if open_segments:
            yield open_segments

    async def segments(self, first: int, last: int) -> list[Body]:
        """Return a run of segments, both ends included; each with its number as `index`."""
        chunks = await self._run.chunks_between(StageName.ALIGN, place_key(first), place_key(last))
        return [{**chunk.body, "index": int(chunk.key)} for chunk in chunks]

    async def without_words(self) -> list[Body]:
        """Return all segments but their words, which take ten times the memory of the rest."""
        return [
            {name: value for name, value in segment.items() if name != "words"}
            async for page in self._run.pages(StageName.ALIGN)
            for segment in page
        ]

    async def at(self, indices: Iterable[int]) -> list[Body]:
        """Return single segments, in order."""
        found: list[Body] = []
        for first, last in _runs(sorted(set(indices))):
            found += await self.segments(first, last)
        return found


def _closed_count(segments: Sequence[Body]) -> int:
    """Count the segments up to the last end of a sentence; all where none is within a page."""
    for count in range(len(segments), max(len(segments) - PAGE_CHUNKS, 0), -1):
        if closes_sentence(segments[count - 1]):
            return count
    return len(segments)


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers to runs."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
