"""Two asr bricks: both are used, one is killed, and both are started anew under load."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import pytest

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1 import common_pb2
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_sdk.channels import open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.testing.recordings import silence, tone, write_recording
from tests.chaos.jobs import Order, check, send, wait_for_segment
from tests.conftest import Mesh, running

REPLICAS = ("asr-1", "asr-2")
SECONDS = 2400
CALLER_COUNT = 2
JOB_COUNT = 6
"""So many that one is at work still when others begin, however fast an engine is."""


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh whose asr bricks leave a call that lasts after a second."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("BRICKWORK_ASR_DRAIN_SECONDS", "1")
        home = tmp_path_factory.mktemp("home")
        with running(home, "--scale", "asr=2", "--scale", "worker-batch=2") as mesh:
            yield mesh


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    path = tmp_path_factory.mktemp("recordings") / "long.flac"
    return Order(write_recording(path, silence(SECONDS)).read_bytes(), SECONDS)


def pids(mesh: Mesh) -> dict[str, int]:
    return {one["name"]: one["pid"] for one in mesh.status()["processes"]}


async def until_all_are_at_work(mesh: Mesh) -> None:
    """Return as soon as each replica is seen to work on a call."""
    deadline = time.monotonic() + 60
    while not all([await call_count(mesh, name) for name in REPLICAS]):
        assert time.monotonic() < deadline, "one of them had nothing to do for a minute"
        await asyncio.sleep(0.05)  # as an operator would look again


async def call_count(mesh: Mesh, name: str) -> int:
    """Return how many calls a replica works on."""
    async with open_channel(mesh.address_of(name)) as channel:
        about = await control_pb2_grpc.ControlServiceStub(channel).DescribeBrick(
            control_pb2.DescribeBrickRequest(), timeout=30
        )
    return sum(model.user_count for model in about.models)


def test_replicas_are_processes_of_their_own(scaled: Mesh) -> None:
    names = set(pids(scaled))
    assert {*REPLICAS, "worker-batch-1", "worker-batch-2", "ocr", "worker-interactive"} < names
    assert not {"asr", "worker-batch"} & names


async def test_jobs_use_two_replicas_and_outlive_one(scaled: Mesh, order: Order) -> None:
    jobs = [send(scaled, order) for _ in range(JOB_COUNT)]
    await until_all_are_at_work(scaled)
    scaled.process("asr-2").send_signal(signal.SIGKILL)
    for job in jobs:
        check(scaled, job, order)


async def test_a_rolling_restart_fails_no_call_and_loses_no_segment(
    scaled: Mesh, order: Order, tmp_path: Path
) -> None:
    wait_until_ready(scaled)
    before = pids(scaled)
    job = send(scaled, order)
    wait_for_segment(scaled, job, 1)
    words = ",".join(scaled.address_of(name) for name in REPLICAS)
    short = write_recording(tmp_path / "short.wav", tone(1)).read_bytes()
    done = asyncio.Event()
    async with open_channel(words) as channel:
        callers = [asyncio.create_task(listen(channel, short, done)) for _ in range(CALLER_COUNT)]
        restarted = await asyncio.to_thread(scaled.handle, "restart", "asr", "--json")
        done.set()
        told = [one for caller in callers for one in await caller]
    assert restarted.returncode == 0, restarted.stderr
    assert [one["name"] for one in json.loads(restarted.stdout)["restarted"]] == list(REPLICAS)
    after = pids(scaled)
    assert {name for name in before if before[name] != after[name]} == set(REPLICAS)
    assert len(told) >= 10
    assert set(told) == {"en"}
    check(scaled, job, order)


def wait_until_ready(mesh: Mesh) -> None:
    """Return once the replica that the test before has killed is back."""
    deadline = time.monotonic() + 60
    while not all(mesh.ready_process(name) for name in REPLICAS):
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def listen(channel: grpc.aio.Channel, recording: bytes, done: asyncio.Event) -> list[str]:
    """Ask for the language again and again; return the answers, or the reasons of failures."""
    request = asr_pb2.DetectLanguageRequest(media=common_pb2.Media(inline=recording))
    told = []
    while not done.is_set():
        try:
            with rpc_errors("asr"):
                answer = await asr_pb2_grpc.AsrServiceStub(channel).DetectLanguage(
                    request, timeout=60
                )
            told.append(answer.language)
        except BrickworkError as error:
            told.append(f"{error.reason}: {error.message}")
    return told


def test_a_scale_that_cannot_be_is_one_line(idle_home: Mesh) -> None:
    refused = idle_home.handle("up", "--scale", "ocr=2", "--scale", "asr=17")
    assert refused.returncode == 1
    (line,) = refused.stderr.strip().splitlines()
    assert line.endswith("[ARGUMENT_INVALID]")
    assert idle_home.processes() == []


def test_what_is_not_there_cannot_be_restarted(scaled: Mesh, idle_home: Mesh) -> None:
    unknown = scaled.handle("restart", "arr")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "asr" in unknown.stderr
    assert unknown.stderr.strip().endswith("[ARGUMENT_INVALID]")
    assert idle_home.handle("restart", "asr").stderr.strip().endswith("[MESH_NOT_RUNNING]")
