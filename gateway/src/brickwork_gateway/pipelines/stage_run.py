"""One attempt of one stage, as the stage's own code sees it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import grpc

from brickwork.common.v1 import common_pb2
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Claim, Job, Model, Progress, Report, StageName
from brickwork_gateway.ledger.port import Ledger
from brickwork_gateway.ledger.transitions import keep
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_gateway.pipelines.stopwatch import Stopwatch
from brickwork_sdk.caller import Caller
from brickwork_sdk.channels import open_channel
from brickwork_sdk.objects import ObjectStore

PAGE_CHUNKS = 200
"""Of a stage, read at a time."""


@dataclass(frozen=True)
class Surroundings:
    """What stages work with.

    Attributes:
        bricks: where each brick is called.
        clock: monotonic, in seconds.
    """

    ledger: Ledger
    objects: ObjectStore
    bricks: Replicas
    clock: Callable[[], float]


class StageRun:
    """What a stage may know and do while its claim holds.

    Attributes:
        job: the job as it was when the stage was claimed.
        claim: the right to write.
        objects: where recordings and artifacts are.
    """

    def __init__(self, job: Job, claim: Claim, surroundings: Surroundings) -> None:
        self.job = job
        self.claim = claim
        self.objects = surroundings.objects
        self._caller = Caller(job.request.work_class, job=job.job_id)
        self._ledger = surroundings.ledger
        self._bricks = surroundings.bricks
        self._report = job.stage(claim.stage).report
        self._stopwatch = Stopwatch(
            surroundings.clock,
            waited_ms=self._report.waited_ms,
            ran_ms=self._report.ran_ms,
        )

    @property
    def report(self) -> Report:
        """What the stage says of itself now."""
        return replace(
            self._report, waited_ms=self._stopwatch.waited_ms, ran_ms=self._stopwatch.ran_ms
        )

    @property
    def media(self) -> common_pb2.Media:
        """The recording as bricks take it: by reference."""
        recording = self.job.recording
        reference = common_pb2.ObjectRef(sha256=recording.sha256, size_bytes=recording.size_bytes)
        return common_pb2.Media(object=reference)

    @asynccontextmanager
    async def brick(self, name: str) -> AsyncIterator[grpc.aio.Channel]:
        """Open a channel to the replica of a brick that has the least to do.

        Each attempt opens its own, so that none inherits the pause that gRPC takes
        before it looks again for a brick that was down. Until the brick says that it
        has started, the stage counts as waiting.
        """
        self._stopwatch.wait()
        async with (
            self._bricks.chosen(name) as address,
            open_channel(address, self._caller) as channel,
        ):
            yield channel
        self._stopwatch.work()

    def waiting(self, waiting: common_pb2.Waiting) -> None:
        """Note that the brick waits for memory or for its model, and why."""
        self._stopwatch.wait()
        self._report = replace(self._report, cause=waiting.cause)

    def started(self, started: common_pb2.Started) -> None:
        """Note that the brick works now, and which model does."""
        self._stopwatch.work()
        model = Model(
            name=started.model.name,
            digest=started.model.digest,
            engine=started.model.engine,
            precision=started.model.precision,
            device=started.model.device,
        )
        self._report = replace(self._report, cause="", model=model)

    def waits(self, cause: str) -> None:
        """Note that the stage waits for something that does not say so itself."""
        self._stopwatch.wait()
        self._report = replace(self._report, cause=cause)

    def works(self) -> None:
        """Note that the stage goes on after such a wait."""
        self._stopwatch.work()
        self._report = replace(self._report, cause="")

    def progress(self, progress: common_pb2.Progress) -> None:
        """Note how far the brick has come."""
        unit = common_pb2.ProgressUnit.Name(progress.unit).removeprefix("PROGRESS_UNIT_").lower()
        self.advance(progress.done, progress.total if progress.HasField("total") else None, unit)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """Note how far the stage has come."""
        self._report = replace(self._report, progress=Progress(done, total, unit))

    async def chunks(self, stage: StageName) -> list[Chunk]:
        """Return what a stage of this job has kept so far, in order of key."""
        return await asyncio.to_thread(self._ledger.chunks, self.job.job_id, stage)

    async def pages(self, stage: StageName) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the bodies of what a stage has kept, in order of key, a page at a time.

        The words of a long recording take a megabyte for every ten minutes.
        """
        last = ""
        while page := await asyncio.to_thread(
            self._ledger.chunks_after, self.job.job_id, stage, last, PAGE_CHUNKS
        ):
            yield [chunk.body for chunk in page]
            last = page[-1].key

    async def chunks_between(self, stage: StageName, first: str, last: str) -> list[Chunk]:
        """Return what a stage has kept under the keys from first to last, in order."""
        return await asyncio.to_thread(
            self._ledger.chunks_between, self.job.job_id, stage, first, last
        )

    async def keep(self, *chunks: Chunk) -> None:
        """Keep results, all of them or none.

        Raises:
            STAGE_OVERTAKEN: another worker has the stage; stop.
        """
        await asyncio.to_thread(
            self._ledger.keep,
            self.job.job_id,
            chunks,
            partial(keep, claim=self.claim, report=self.report),
        )
