"""An application needs the memory that a batch job and a forgotten lease have between them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from brickwork.broker.v1 import broker_pb2
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.testing.recordings import tone, write_recording
from brickwork_sdk.vram import MemoryRequest, VramClient, VramToken
from tests.chaos.jobs import Order, check, ended, send, wait_for_segment
from tests.conftest import HANDLE, Mesh, running
from tests.e2e.held_up import in_a_step

CAPACITY_MIB, LEASE_MIB = 224, 32
"""Scripted engines need 64 MiB each, and the one that hears takes twice that: with the lease the
two of a job leave nothing."""
MIB = 1024**2
SECONDS = 2400
CALL_SECONDS = 120.0
FORGOTTEN = "import time; print('working', flush=True); time.sleep(3600)"
LEASE_ENDED = 75


@pytest.fixture
def small_mesh(tmp_path: Path) -> Iterator[Mesh]:
    with running(tmp_path / "home", "--capacity", f"{CAPACITY_MIB}MiB") as mesh:
        yield mesh


@pytest.fixture
def lease(small_mesh: Mesh) -> Iterator["subprocess.Popen[str]"]:
    """Somebody's lease of a second, which is forgotten."""
    words = ["gpu", "lease", "--size", f"{LEASE_MIB}MiB", "--for", "1s", "--purpose", "forgotten"]
    process = subprocess.Popen(
        [HANDLE, *words, "--", sys.executable, "-c", FORGOTTEN],
        env=small_mesh.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_the_lease_ends_the_job_gives_way_and_goes_on_and_all_can_read_why(
    small_mesh: Mesh, lease: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "long.flac", tone(SECONDS)).read_bytes()
    order = Order(recording, SECONDS, "?class=batch")
    job_id = await asyncio.to_thread(send, small_mesh, order)
    await asyncio.to_thread(wait_for_segment, small_mesh, job_id, 1)
    application = VramClient(small_mesh.address_of("broker"), "application")
    async with (
        in_a_step(small_mesh, broker_pb2.TOKEN_STATE_REVOKING),
        asyncio.timeout(CALL_SECONDS),
    ):
        token = await granted(application, CAPACITY_MIB * MIB)
    await application.release(token)
    await application.close()
    asked_back = {one["holder"]: one["cause"] for one in history(small_mesh)}
    assert {"lease", "asr"} <= asked_back.keys()
    assert "a large model" in asked_back["lease"]
    assert "a large model" in asked_back["asr"]
    _, errors = await asyncio.to_thread(lease.communicate, timeout=CALL_SECONDS)
    assert lease.returncode == LEASE_ENDED
    assert "It was ended for others: " in errors
    assert "a large model" in errors, "whoever leased can read for whom"
    await asyncio.to_thread(check, small_mesh, job_id, order)
    stages = ended(small_mesh, job_id)["stages"]
    assert any(stage["attempts"] > 1 for stage in stages), "it was at work, and gave way"
    assert all(stage["error"] is None for stage in stages), "giving way is no failure"


async def granted(application: VramClient, size_bytes: int) -> VramToken:
    """Wait for memory for interactive work."""
    request = MemoryRequest("a large model", size_bytes, size_bytes)
    async with aclosing(application.acquire(request, Caller(WorkClass.INTERACTIVE))) as steps:
        async for step in steps:
            if isinstance(step, VramToken):
                return step
            assert step.cause, "it can read why it waits"
    raise AssertionError("the broker ended the wait without a token")


def history(mesh: Mesh) -> list[dict[str, Any]]:
    """Return what was asked back of whom, as anybody on the machine can read it."""
    said = mesh.handle("gpu", "history", "--json")
    assert said.returncode == 0, said.stderr
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return [one for one in found if one["after"] == "revoking"]
