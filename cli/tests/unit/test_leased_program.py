"""A program under a lease, as a real process, against a broker that does as it is told."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from brickwork_sdk.testing.broker import ScriptedBroker, threaded_broker

SECONDS = 30.0
HELD_BYTES = 64 * 1024**2
STUBBORN = """
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("shrink", os.environ["BRICKWORK_LEASE_FILE"]))
signal.signal(signal.SIGTERM, lambda *_: print("checkpoint", flush=True))
print("ready", flush=True)
while True:
    signal.pause()
"""
Broker = tuple[ScriptedBroker, str]
Leased = subprocess.Popen[str]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with threaded_broker() as served:
        yield served


@contextmanager
def leased(broker: Broker, *program: str, options: tuple[str, ...] = ()) -> Iterator[Leased]:
    """Run a program under a lease, and leave nothing of either behind."""
    handle = (sys.executable, "-m", "brickwork_cli", "gpu", "lease", "--broker", broker[1])
    process = subprocess.Popen(
        [*handle, "--size", "64MiB", "--for", "60m", *options, "--", *program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-uc", program


def said(process: Leased) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: Leased) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


def until(holds: Callable[[], bool], process: Leased) -> None:
    """Look until something is so; the process whose doing it is must not end before."""
    while not holds():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_a_program_hears_what_it_has_and_its_status_is_passed_on(broker: Broker) -> None:
    program = """
import json, os, resource, sys
file = json.load(open(os.environ["BRICKWORK_LEASE_FILE"]))
print(json.dumps([
    os.environ["BRICKWORK_LEASE_BYTES"], os.environ["BRICKWORK_LEASE_DEVICE"],
    os.environ["BRICKWORK_GPU_BROKER"], file, resource.getrlimit(resource.RLIMIT_DATA)[0]]))
sys.exit(7)
"""
    with leased(broker, *python(program)) as process:
        status, output, errors = ended(process)
    size, device, address, file, limit = json.loads(output)
    assert (status, size, device, address) == (7, str(HELD_BYTES), "host", broker[1])
    assert (file["granted_bytes"], file["demand"], file["is_wanted_back"]) == (
        *(HELD_BYTES, None, False),
    )
    assert 3_500 < file["hold_left_seconds"] <= 3_600
    assert limit > HELD_BYTES
    assert "64.0 MiB of host for 60 min." in errors
    assert broker[0].held == {}


def test_a_signal_that_ends_a_program_is_passed_on_as_a_shell_does(broker: Broker) -> None:
    with leased(broker, *python("import os; os.kill(os.getpid(), 9)")) as process:
        assert ended(process)[0] == 128 + signal.SIGKILL


def test_a_program_that_takes_far_more_than_its_lease_fails_by_itself(broker: Broker) -> None:
    with leased(broker, *python("print(len(bytearray(1 << 30)))")) as process:
        status, output, errors = ended(process)
    assert (status, output) == (1, "")
    assert "MemoryError" in errors


def test_a_wait_shows_its_causes(broker: Broker) -> None:
    broker[0].queue = ["Waiting for 2 GB held by llm.", "Waiting for its turn."]
    with leased(broker, "true") as process:
        status, _, errors = ended(process)
    assert status == 0
    first, second, granted = errors.splitlines()
    assert first.startswith("lease: Waiting for 2 GB held by llm. (")
    assert second.startswith("lease: Waiting for its turn. (")
    assert granted == "lease: 64.0 MiB of host for 60 min."


def test_the_broker_knows_a_program_before_it_runs_and_later_what_it_starts(
    broker: Broker,
) -> None:
    program = """
import os, subprocess, sys
print(os.getpid(), flush=True)
below = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(below.pid, flush=True)
below.wait()
"""
    with leased(broker, *python(program)) as process:
        child = int(said(process))
        (users,) = broker[0].users.values()
        assert child in users
        below = int(said(process))
        until(lambda: below in next(iter(broker[0].users.values())), process)
        assert len(broker[0].asked) == 1


def test_a_program_that_does_not_end_is_asked_and_then_killed_with_all_it_started(
    broker: Broker,
) -> None:
    program = f"""
import subprocess, sys
below = subprocess.Popen([sys.executable, "-uc", {STUBBORN!r}])
print(below.pid, flush=True)
{STUBBORN}
"""
    with leased(broker, *python(program)) as process:
        below = psutil.Process(int(said(process)))
        assert {said(process), said(process)} == {"ready"}
        broker[0].ask_back(within_seconds=4.0)
        assert {said(process), said(process)} == {"checkpoint"}
        status, _, errors = ended(process)
    assert status == 75
    assert "It was ended for others: An interactive call waits for this memory." in errors
    assert not below.is_running()
    assert broker[0].held == {}


def test_a_program_that_ends_when_it_is_asked_was_ended_for_others_too(broker: Broker) -> None:
    program = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", flush=True)
signal.pause()
"""
    with leased(broker, *python(program)) as process:
        assert said(process) == "ready"
        broker[0].ask_back()
        assert ended(process)[0] == 75


def test_a_program_that_listens_shrinks_and_goes_on(broker: Broker) -> None:
    options = ("--least", "32MiB")
    with leased(broker, *python(STUBBORN), options=options) as process:
        assert said(process) == "ready"
        broker[0].ask_back(keep_bytes=HELD_BYTES // 2)
        word, path = said(process).split()
        until(lambda: json.loads(Path(path).read_text())["granted_bytes"] < HELD_BYTES, process)
        assert word == "shrink"
        assert list(broker[0].held.values()) == [HELD_BYTES // 2]
        (request,) = broker[0].asked.values()
        assert (request.guaranteed_bytes, request.ceiling_bytes) == (HELD_BYTES // 2, HELD_BYTES)
        assert request.shrinkable


def test_a_program_that_does_not_listen_is_not_harmed_by_the_question(broker: Broker) -> None:
    program = "import signal; print('ready', flush=True); signal.pause()"
    with leased(broker, *python(program), options=("--least", "32MiB")) as process:
        assert said(process) == "ready"
        broker[0].ask_back(keep_bytes=HELD_BYTES // 2)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("lease: 64.0 MiB")
        assert "it does not listen (SIGUSR1)" in process.stderr.readline()
        assert process.poll() is None
        assert list(broker[0].held.values()) == [HELD_BYTES]


def test_a_token_that_is_over_ends_its_program_at_once(broker: Broker) -> None:
    with leased(broker, *python(STUBBORN)) as process:
        assert said(process) == "ready"
        broker[0].is_stale = True
        assert ended(process)[0] == 75


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_a_lease_ends_its_program_and_gives_back(
    broker: Broker, number: signal.Signals
) -> None:
    program = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    with leased(broker, *python(program)) as process:
        child = psutil.Process(int(said(process)))
        process.send_signal(number)
        assert ended(process)[0] == 130
    assert not child.is_running()
    assert broker[0].held == {}


def test_whoever_ends_a_wait_leaves_the_queue(broker: Broker) -> None:
    broker[0].queue = [f"Waiting for {number}." for number in range(100_000)]
    with leased(broker, "true") as process:
        assert process.stderr is not None
        assert process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert broker[0].held == {}


def test_a_program_does_not_outlive_a_lease_that_is_killed(broker: Broker) -> None:
    program = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    with leased(broker, *python(program)) as process:
        child = psutil.Process(int(said(process)))
        process.kill()
        child.wait(SECONDS)
        assert not child.is_running()
