"""One summary in a process of its own: `python -m tools.bench.summary_stage FOLDER LLM_ADDRESS`.

It tells the most memory that it held, and what it held before it began, as a line of JSON.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.graph import plan
from brickwork_gateway.ledger.job import Claim, Job, Recording, Report, Request, StageName
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import claim, finish, send
from brickwork_gateway.pipelines.keys import place_key
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_gateway.pipelines.stage_run import StageRun, Surroundings
from brickwork_gateway.pipelines.summarize import summarize
from brickwork_sdk.objects import ObjectStore
from tools.bench.peak import peak_bytes, reset_peak
from tools.bench.planted import FOLDER

JOB_ID, _SECRET = "long", "bench"
_SEGMENT_MS = 4_000
_BEFORE = (StageName.TRANSCRIBE, StageName.DIARIZE, StageName.READ_VIDEO, StageName.ALIGN)


def write_transcript(folder: Path, minutes: float) -> None:
    """Put a job into a new ledger that is about to be summarized; what is said repeats."""
    ledger = SqliteLedger.in_folder(folder)
    duration_ms = int(minutes * 60_000)
    ledger.add(_job(duration_ms))
    texts = [
        (speaker, text)
        for path in sorted(FOLDER.glob("*-en.json"))
        for speaker, text in json.loads(path.read_text("utf-8"))["segments"]
    ]
    spans = zip(range(0, duration_ms, _SEGMENT_MS), cycle(texts), strict=False)
    chunks = [
        Chunk(StageName.ALIGN, place_key(number), _segment(start_ms, speaker, text))
        for number, (start_ms, (speaker, text)) in enumerate(spans)
    ]
    ledger.keep(JOB_ID, chunks, lambda job, _: job)
    ledger.close()


def _job(duration_ms: int) -> Job:
    wanted, recording = Request("long.wav", summary=True), Recording("0" * 64, 1, duration_ms, True)
    job = Job(JOB_ID, wanted, recording, datetime.now(UTC), plan(wanted, recording, 0))
    for name in (*_BEFORE, StageName.SUMMARIZE):
        job = send(job, name, job.stage(name).version)
        job = claim(job, name, job.stage(name).attempt, _SECRET)
        if name is not StageName.SUMMARIZE:
            job = finish(job, Claim(JOB_ID, name, _SECRET), Report())
    return job


def _segment(start_ms: int, speaker: str, text: str) -> dict[str, Any]:
    words = text.split()
    share_ms = _SEGMENT_MS // len(words)
    return {
        "start_ms": start_ms,
        "end_ms": start_ms + _SEGMENT_MS,
        "speaker": speaker,
        "text": text,
        "language": "en",
        "words": [
            {
                "start_ms": start_ms + share_ms * place,
                "end_ms": start_ms + share_ms * (place + 1),
                "text": word,
                "confidence": 1.0,
            }
            for place, word in enumerate(words)
        ],
    }


async def _summarize(folder: Path, address: str) -> None:
    ledger = SqliteLedger.in_folder(folder)
    replicas = Replicas({"llm": address})
    around = Surroundings(ledger, ObjectStore(folder / "objects"), replicas, time.monotonic)
    held = Claim(JOB_ID, StageName.SUMMARIZE, _SECRET)
    await summarize(StageRun(ledger.get(JOB_ID), held, around))
    ledger.close()


def main() -> None:
    """Run the stage and tell its peak."""
    reset_peak()
    held_bytes = peak_bytes(os.getpid())
    asyncio.run(_summarize(Path(sys.argv[1]), sys.argv[2]))
    print(json.dumps({"held_bytes": held_bytes, "peak_bytes": peak_bytes(os.getpid())}))


if __name__ == "__main__":
    main()
