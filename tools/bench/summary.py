"""Grounded summaries: what the check finds out, and what three hours cost."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.pipelines.summarize import GROUNDED
from brickwork_sdk.testing.bricks import Script, served_bricks
from tools.bench.planted import Planted, all_planted
from tools.bench.row import Row, at_least, at_most
from tools.bench.summary_stage import JOB_ID, write_transcript

SHORT_MINUTES, LONG_MINUTES = 60.0, 180.0
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """One summary of a long transcript.

    Attributes:
        peak_bytes: of the process that ran the stage, above what it held before.
        seconds: of wall clock.
        prompts: how many the model was asked.
        sentences: of the summary.
        uncited: of these, those that name no segment.
    """

    peak_bytes: int
    held_bytes: int
    seconds: float
    prompts: int
    sentences: int
    uncited: int


def measure(short: float = SHORT_MINUTES, long: float = LONG_MINUTES) -> Iterator[Row | str]:
    """Yield what became of planted sentences, and the memory of a long summary."""
    yield from _found_out(all_planted())
    yield "the planted sentences are done, the long transcripts follow"
    runs = [asyncio.run(_summarized(minutes)) for minutes in (short, long)]
    at_short, at_long = runs
    told = ", ".join(
        f"{run.peak_bytes / _MIB:.0f} MiB after {run.held_bytes / _MIB:.0f} at the start"
        for run in reversed(runs)
    )
    yield Row(
        f"peak memory of a worker that summarizes {long:g} minutes, over {short:g}",
        at_long.peak_bytes / at_short.peak_bytes,
        "ratio",
        at_most(1.2),
        f"the stage in a process of its own, a scripted model over a socket: {told}; once",
    )
    yield Row(
        f"sentences of the summary of {long:g} minutes that name no segment",
        at_long.uncited,
        "sentences",
        at_most(0),
        f"of {at_long.sentences}, after {at_long.prompts} prompts in {at_long.seconds:.0f} s with "
        "a scripted model; once",
    )


def _found_out(found: Sequence[Planted]) -> Iterator[Row]:
    kinds = "wrong numbers, names, times, causes, negations, speakers; merged, invented, plausible"
    for language, use in sorted({(one.language, one.use) for one in found}):
        ours = [one for one in found if (one.language, one.use) == (language, use)]
        dropped, kept = [one.dropped for one in ours], [one.kept for one in ours]
        yield Row(
            f"unsupported sentences left out, of 20, {language}, {use}",
            mean(dropped),
            "sentences",
            at_least(18),
            f"mean of {len(ours)} transcripts, {min(dropped)} to {max(dropped)}: {kinds}",
        )
        yield Row(
            f"supported sentences kept, of 20, {language}, {use}",
            mean(kept),
            "sentences",
            at_least(18),
            f"mean of {len(ours)} transcripts, {min(kept)} to {max(kept)}; "
            f"{sum(one.cited for one in ours)} of {sum(kept)} name a segment that says it",
        )


async def _summarized(minutes: float) -> Run:
    script = Script(written=_first_half)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_transcript(folder, minutes)
        began = time.perf_counter()
        async with served_bricks(script) as bricks:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tools.bench.summary_stage", name, bricks["llm"]),
                stdout=asyncio.subprocess.PIPE,
                env=dict(os.environ),
            )
            answer, _ = await child.communicate()
        assert child.returncode == 0, "the stage failed"
        seconds = time.perf_counter() - began
        ledger = SqliteLedger.in_folder(folder)
        chunks = ledger.chunks(JOB_ID, StageName.SUMMARIZE)
        ledger.close()
    sentences = next(chunk.body for chunk in chunks if chunk.key == GROUNDED)["sentences"]
    return Run(
        **json.loads(answer),
        seconds=seconds,
        prompts=script.calls["llm"],
        sentences=len(sentences),
        uncited=sum(not sentence["segments"] for sentence in sentences),
    )


def _first_half(prompt: str) -> str:
    """Answer with half of the sentences, so that much is left to be reduced."""
    sentences = prompt.split("\n\n")[0].replace("\n", " ").split(". ")
    return ". ".join(sentences[: len(sentences) // 2 + 1]) + "."
