"""Play the jobs of one tenant in real time: `python -m tools.soak.tenant ADDRESS NAME MINUTES`.

Each line that it prints is what came of one job, as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict

from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.vram import MemoryRequest, MemoryWait, VramClient
from tools.soak.load import Job, read_load
from tools.soak.real_memory import hold


async def main(address: str, name: str, minutes: float) -> None:
    """Let each job ask when its time has come, and wait for them all."""
    vram, began = VramClient(address, name), time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for job in read_load(minutes).jobs:
            if job.tenant == name:
                await asyncio.sleep(began + job.asked_at_ms / 1000 - time.monotonic())
                tasks.create_task(_play(vram, job))
    await vram.close()


async def _play(vram: VramClient, job: Job) -> None:
    """Ask, work, give way and ask again, until all is done; then tell what came of it."""
    asked_at, left_seconds = time.monotonic(), job.work_ms / 1000
    waits_seconds: list[float] = []
    forecasts: list[tuple[int, int, int]] = []
    fates: list[str] = []
    while left_seconds > 0 and len(fates) < 100:
        told: list[tuple[float, float, float]] = []

        def hear(wait: MemoryWait, told: list[tuple[float, float, float]] = told) -> None:
            low, high = wait.expected_seconds, wait.expected_at_most_seconds
            if not told and low is not None and high is not None:
                told.append((low, high, time.monotonic()))

        def begin(_token: object, told: list[tuple[float, float, float]] = told) -> None:
            waits_seconds.append(time.monotonic() - asked_at)
            for low, high, at in told:
                true_seconds = time.monotonic() - at
                forecasts.append(_ms(low, high, true_seconds))

        try:
            held = await hold(
                vram,
                _request(job, left_seconds),
                Caller(WorkClass(job.work_class.value), job.tenant),
                job.load_ms / 1000,
                left_seconds,
                on_wait=hear,
                on_grant=begin,
            )
        except BrickworkError as error:
            fates.append(error.reason.value)
            await asyncio.sleep(error.retry_after_seconds or 1.0)
        else:
            fates.append(held.fate)
            left_seconds = 0 if held.fate == "done" else left_seconds - held.worked_seconds
    found = {
        "job": asdict(job),
        "waited_seconds": waits_seconds[0] if waits_seconds else None,
        "forecasts": forecasts,
        "fates": fates,
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _ms(*seconds: float) -> tuple[int, int, int]:
    low, high, true = (int(1000 * one) for one in seconds)
    return low, high, true


def _request(job: Job, left_seconds: float) -> MemoryRequest:
    return MemoryRequest(
        job.kind,
        job.guaranteed_bytes,
        job.size_bytes,
        hold_seconds=left_seconds if job.is_held else None,
        is_shrinkable=job.guaranteed_bytes < job.size_bytes,
        is_revocable=job.is_revocable,
        loads=job.load_ms > 0,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
