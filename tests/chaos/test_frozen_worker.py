"""A worker that was frozen for so long that its stage was given to somebody else."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from brickwork_sdk.testing.recordings import tone, write_recording
from tests.chaos.faults import engine_of
from tests.chaos.jobs import Order, check, send, wait_for_segment
from tests.conftest import Mesh

SECONDS = 2400
"""So long that the stage is not over when its first segments are shown."""
TAKEN_SECONDS_MAX = 12.0
"""A claim is taken back after 5 s of silence; after 15 s the supervisor may kill the worker."""
TRIES = 20


def test_a_worker_that_wakes_up_finds_itself_overtaken_and_writes_nothing(
    mesh: Mesh, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "long.flac", tone(SECONDS)).read_bytes()
    order = Order(recording, SECONDS)
    worker = mesh.ready_process("worker-interactive")
    assert worker is not None
    job_id = send(mesh, order)
    wait_for_segment(mesh, job_id, 3)
    with engine_held_up(mesh, "asr"):
        attempt = transcribing(mesh, job_id)["attempts"]
        freeze_between_writes(worker, mesh.home / "state/gateway/ledger.sqlite3")
    deadline = time.monotonic() + TAKEN_SECONDS_MAX
    while transcribing(mesh, job_id)["attempts"] == attempt:
        assert time.monotonic() < deadline, "the stage was not taken back"
        time.sleep(0.1)
    worker.resume()
    check(mesh, job_id, order)
    log = (mesh.home / "logs" / "worker-interactive.log").read_text()
    assert any("stage_overtaken" in line and job_id in line for line in log.splitlines())


@contextmanager
def engine_held_up(mesh: Mesh, brick: str) -> Iterator[None]:
    """Stop the engine of a brick in its step, so that its call lasts however fast it is."""
    process = mesh.ready_process(brick)
    assert process is not None
    engine = engine_of(process)
    assert engine is not None
    engine.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):  # the brick took it for frozen on a slow machine
            engine.resume()


def freeze_between_writes(worker: psutil.Process, ledger: Path) -> None:
    """Freeze a worker that does not hold the ledger's lock, for with it nobody can take over."""
    for _ in range(TRIES):
        worker.suspend()
        try:
            with closing(sqlite3.connect(ledger, timeout=1, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            worker.resume()
            time.sleep(0.01)  # into another moment of its work
    raise AssertionError("the worker held the lock of the ledger each time")


def transcribing(mesh: Mesh, job_id: str) -> dict[str, Any]:
    """Return how the stage stands that the worker holds."""
    job = httpx.get(f"{mesh.address}/v1/jobs/{job_id}", timeout=30).json()
    stage: dict[str, Any] = next(one for one in job["stages"] if one["name"] == "transcribe")
    return stage
