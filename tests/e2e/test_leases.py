"""Leases of people against a real broker, with memory that is really used."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from brickwork_cli.broker_client import BrokerClient
from brickwork_sdk.vram.view import View
from tests.audited import verify_history
from tests.conftest import Mesh

SECONDS = 60.0
MIB = 1024**2
CAPACITY_BYTES = 512 * MIB
PYTHON = (sys.executable, "-uc")
WORKS = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Broker:
    """A broker of its own, with little to lend."""

    folder: Path
    process: Process

    @property
    def address(self) -> str:
        return f"unix:{self.folder}/broker.sock"

    def gpu(self, *words: str) -> tuple[str, ...]:
        first, *others = words
        handle = (sys.executable, "-m", "brickwork_cli", "gpu", first)
        return (*handle, "--broker", self.address, *others)

    def until(self, holds: Callable[[View], bool]) -> float:
        """Watch the memory until something is so; return how long that took."""
        began = time.monotonic()
        with BrokerClient(self.address) as client:
            for memory in client.memories():
                if holds(memory):
                    break
                assert time.monotonic() - began < SECONDS, memory
        return time.monotonic() - began

    def until_free(self) -> float:
        """Watch until nothing is charged; return how long that took."""
        return self.until(lambda memory: charged_bytes(memory) == 0)


def charged_bytes(memory: View) -> int:
    return sum(int(device["charged_bytes"]) for device in memory["devices"])


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    # The path of a socket has few bytes, so a test's own folder is too deep.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as name:
        folder = Path(name)
        settings = {
            "BRICKWORK_BROKER_LISTEN": f"unix:{folder}/broker.sock",
            "BRICKWORK_BROKER_STATE_DIR": str(folder / "state" / "broker"),
            "BRICKWORK_BROKER_CAPACITY_BYTES": str(CAPACITY_BYTES),
        }
        command = [sys.executable, "-m", "brickwork_broker"]
        process = subprocess.Popen(
            command, env=os.environ | settings, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr is not None
            assert "server_ready" in process.stderr.readline()
            yield Broker(folder, process)
            process.terminate()
            process.communicate(timeout=SECONDS)
            verify_history(folder)
        finally:
            process.kill()
            process.communicate()


@contextmanager
def started(*command: str, **settings: str) -> Iterator[Process]:
    process = subprocess.Popen(
        command,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: Process) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


def lease(broker: Broker, *words: str) -> tuple[str, ...]:
    return broker.gpu("lease", "--size", "400MiB", *words)


def test_a_lease_goes_on_beyond_its_time_until_somebody_else_waits(broker: Broker) -> None:
    with started(*lease(broker, "--for", "1s", "--", *PYTHON, WORKS)) as first:
        child = psutil.Process(int(said(first)))
        broker.until(lambda memory: memory["tokens"][0]["hold_left_seconds"] == 0)
        assert child.is_running()
        with started(*lease(broker, "--for", "1s", "--", "echo", "mine")) as second:
            assert ended(second)[:2] == (0, "mine\n")
        status, _, errors = ended(first)
    assert status == 75
    assert "it goes on as long as nobody else waits." in errors
    assert "It was ended for others: " in errors
    assert not child.is_running()
    broker.until_free()


def test_a_wait_says_because_of_whom(broker: Broker) -> None:
    training = lease(broker, "--for", "60m", "--purpose", "training", "--", *PYTHON, WORKS)
    with started(*training) as first:
        said(first)
        waiting = lease(broker, "--for", "60m", "--wait", "3s", "--", "true")
        with started(*waiting) as second:
            status, _, errors = ended(second)
        assert first.poll() is None
    told, error = errors.splitlines()
    assert told.startswith("lease: Waiting for ")
    assert "lease training" in told
    assert (status, error.startswith("error: No memory within 3 s: Waiting for ")) == (1, True)


def test_control_c_ends_the_program_and_its_memory_is_free(broker: Broker) -> None:
    with started(*lease(broker, "--for", "60m", "--", *PYTHON, WORKS)) as first:
        child = psutil.Process(int(said(first)))
        first.send_signal(signal.SIGINT)
        assert ended(first)[0] == 130
    assert not child.is_running()
    broker.until_free()


def test_a_lease_that_is_killed_gives_its_memory_back_within_ten_seconds(broker: Broker) -> None:
    with started(*lease(broker, "--for", "60m", "--", *PYTHON, WORKS)) as first:
        said(first)
        first.kill()
        assert broker.until_free() < 10.0


NOTEBOOK = """
import asyncio, time
import brickwork_sdk

async def cell():
    with brickwork_sdk.lease("400MiB", hold="60m") as lease:
        kept = bytearray(200 * 1024**2)
        time.sleep(7)  # the loop is blocked for longer than a token lives without a renewal
        print(lease.granted_bytes, lease.hold_left_seconds > 3_000, flush=True)
        return kept

kept = asyncio.run(cell())
input()
del kept
print("freed", flush=True)
input()
"""


def test_a_blocked_notebook_keeps_its_lease_and_gives_back_what_it_has_freed(
    broker: Broker,
) -> None:
    with subprocess.Popen(
        [*PYTHON, NOTEBOOK],
        env=os.environ | {"BRICKWORK_GPU_BROKER": broker.address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as kernel:
        assert kernel.stdin is not None
        assert said(kernel) == f"{400 * MIB} True"
        broker.until(lambda memory: 200 * MIB < charged_bytes(memory) < 300 * MIB)
        kernel.stdin.write("\n")
        kernel.stdin.flush()
        assert said(kernel) == "freed"
        broker.until(lambda memory: charged_bytes(memory) < 100 * MIB)
        kernel.stdin.close()
        kernel.wait(SECONDS)
        broker.until_free()


def test_a_mesh_tells_its_memory_by_handle_and_by_http(mesh: Mesh) -> None:
    by_handle = json.loads(mesh.handle("gpu", "--json").stdout)
    by_http = httpx.get(f"{mesh.address}/v1/gpu").json()
    assert by_handle["devices"][0]["capacity_bytes"] == by_http["devices"][0]["capacity_bytes"] > 0
    with httpx.stream("GET", f"{mesh.address}/v1/gpu/events") as events:
        first, second = itertools.islice(events.iter_lines(), 2)
    assert first == "event: memory"
    assert json.loads(second.removeprefix("data: "))["devices"]


def test_an_operator_stops_the_lending_and_everybody_reads_who_did_and_why(mesh: Mesh) -> None:
    drained = mesh.handle("gpu", "drain", "--why", "the card is changed")
    assert drained.returncode == 0, drained.stderr
    try:
        shown = " ".join(mesh.handle("gpu").stdout.split())
        assert "has stopped the lending of memory: the card is changed" in shown
    finally:
        resumed = mesh.handle("gpu", "resume", "--why", "it is changed")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(mesh.handle("gpu", "--json").stdout)["closed_because"] is None
    assert mesh.handle("gpu", "history").returncode == 0
