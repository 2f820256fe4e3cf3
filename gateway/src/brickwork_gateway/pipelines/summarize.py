"""The summary, twice: sentences of the transcript, and a model's own that were checked by it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.drafting import Drafting
from brickwork_gateway.pipelines.grounded import grounded, left_out_note
from brickwork_gateway.pipelines.keys import made_key, place_key
from brickwork_gateway.pipelines.overview import Overview
from brickwork_gateway.pipelines.partition import Part
from brickwork_gateway.pipelines.parts import planned
from brickwork_gateway.pipelines.reduction import reduced
from brickwork_gateway.pipelines.sentences import sentences
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.tokens import Tokens
from brickwork_gateway.pipelines.transcript import Transcript

EXTRACTIVE, GROUNDED = "extractive", "grounded"
"""Keys of the two forms among the chunks of the stage; what leads to them has others."""
_PARTS = "parts"

Body = dict[str, Any]


async def summarize(run: StageRun) -> None:
    """Keep both summaries; the extractive one first, for it needs nobody's help."""
    wanted = run.job.request
    transcript, overview = Transcript(run), Overview(wanted.language, wanted.written_in)
    async for stretch in transcript.stretches():
        await asyncio.to_thread(overview.add, stretch)
    picked = await _timed(transcript, await asyncio.to_thread(lambda: overview.picked))
    extractive = {"label": "Sentences taken from the transcript", "sentences": picked}
    await run.keep(Chunk(StageName.SUMMARIZE, EXTRACTIVE, extractive))
    if overview.has_words:
        async with run.brick("llm") as channel:
            tokens = Tokens(run, channel, overview.language)
            drafting = Drafting(run, channel, tokens, overview.language)
            summary = _Summary(run, transcript, overview, tokens, drafting)
            told = await summary.write()
        body = {**summary.account(), "sentences": await _timed(transcript, told)}
        await run.keep(Chunk(StageName.SUMMARIZE, GROUNDED, body))


async def _timed(transcript: Transcript, told: Sequence[Body]) -> list[Body]:
    """Show sentences with the times of the segments that they rest on."""
    spans = {
        segment["index"]: {name: segment[name] for name in ("index", "start_ms", "end_ms")}
        for segment in await transcript.at(n for each in told for n in each["segments"])
    }
    return [{**each, "segments": [spans[n] for n in each["segments"]]} for each in told]


class _Summary:
    """Maps each part of a transcript to sentences, and reduces those to few.

    What comes of each prompt is kept under a key of its own, so that a repeated stage asks
    nothing twice.
    """

    def __init__(
        self,
        run: StageRun,
        transcript: Transcript,
        overview: Overview,
        tokens: Tokens,
        drafting: Drafting,
    ) -> None:
        self._run = run
        self._transcript = transcript
        self._overview = overview
        self._tokens = tokens
        self._drafting = drafting
        self._kept: dict[str, Body] = {}
        self._made: list[Body] = []
        self._total = 0

    async def write(self) -> list[Body]:
        """Return the sentences of the summary, each with the numbers of its segments."""
        kept = await self._run.chunks(StageName.SUMMARIZE)
        self._kept = {chunk.key: chunk.body for chunk in kept}
        told: list[Body] = []
        parts = await self._parts()
        self._expect(len(parts))
        for number, part in enumerate(parts):
            told += await self._mapped(number, part)
        size, room = self._tokens.estimated, self._tokens.room
        return await reduced(told, size, room, self._condensed, self._expect)

    def account(self) -> Body:
        """Say what the summary is, and what was left out of what the model wrote."""
        written_count = sum(body["written_count"] for body in self._made)
        left_out: dict[str, int] = {}
        for body in self._made:
            for cause, count in body["left_out"].items():
                left_out[cause] = left_out.get(cause, 0) + count
        left_out_count = sum(left_out.values())
        return {
            "label": "Written by a language model; the recording was searched for each sentence",
            "written_count": written_count,
            "left_out_count": left_out_count,
            "left_out": left_out,
            "note": left_out_note(left_out_count, written_count),
        }

    def _expect(self, prompt_count: int) -> None:
        self._total += prompt_count
        self._run.advance(len(self._made), self._total, "items")

    async def _parts(self) -> list[Part]:
        if _PARTS not in self._kept:
            parts = await planned(self._transcript.stretches(), self._tokens)
            self._kept[_PARTS] = {"parts": [list(part) for part in parts]}
            await self._run.keep(Chunk(StageName.SUMMARIZE, _PARTS, self._kept[_PARTS]))
        return [Part(*part) for part in self._kept[_PARTS]["parts"]]

    async def _mapped(self, number: int, part: Part) -> list[Body]:
        async def make() -> Body:
            said = sentences(await self._transcript.segments(*part))
            return await self._grounded(await self._drafting.write(said), said)

        return await self._once(f"map-{place_key(number)}", make)

    async def _condensed(self, level: int, number: int, group: list[Body]) -> list[Body]:
        async def make() -> Body:
            cited = {index for sentence in group for index in sentence["segments"]}
            said = sentences(await self._transcript.at(cited))
            texts = [{"text": sentence["text"], "speaker": None} for sentence in group]
            return await self._grounded(await self._drafting.write(texts), said)

        key = made_key(number, *(sentence["text"] for sentence in group))
        return await self._once(f"reduce-{level}-{key}", make)

    async def _grounded(self, drafts: list[str], said: list[Body]) -> Body:
        language, voices = self._overview.language, self._overview.voices
        return await asyncio.to_thread(grounded, drafts, said, language, voices)

    async def _once(self, key: str, make: Callable[[], Awaitable[Body]]) -> list[Body]:
        if key not in self._kept:
            self._kept[key] = await make()
            await self._run.keep(Chunk(StageName.SUMMARIZE, key, self._kept[key]))
        self._made.append(self._kept[key])
        self._run.advance(len(self._made), self._total, "items")
        return list(self._kept[key]["sentences"])
