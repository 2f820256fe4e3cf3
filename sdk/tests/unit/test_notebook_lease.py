"""A lease in the process that uses it: the block, its hooks, and its end."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

import brickwork_sdk
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.leases.notebook import NotebookLease
from brickwork_sdk.testing.broker import ScriptedBroker, threaded_broker

SECONDS = 30.0
HELD_BYTES = 64 * 1024**2
Broker = tuple[ScriptedBroker, str]


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Control-C interrupt, also where the tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with threaded_broker() as served:
        yield served


def test_a_block_begins_once_it_has_memory_and_gives_it_back_at_its_end(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker[0].queue = ["Waiting for 2 GB held by llm."]
    lease = brickwork_sdk.lease("64MiB", hold="60m", broker=broker[1])
    with lease as held:
        assert (held.granted_bytes, held.device) == (HELD_BYTES, "host")
        assert 3_500 < held.hold_left_seconds <= 3_600
        assert os.getpid() in next(iter(broker[0].users.values()))
        broker[0].measured_bytes = HELD_BYTES
    assert not lease.is_over
    broker[0].measured_bytes = 0
    wait_for_end(lease)
    assert broker[0].held == {}
    assert capsys.readouterr().err == "lease: Waiting for 2 GB held by llm.\n"


def test_a_blocked_event_loop_loses_no_lease(broker: Broker) -> None:
    lease = brickwork_sdk.lease("64MiB", broker=broker[1])

    async def work() -> int:
        with lease as held:
            before = broker[0].renewal_count
            blocked_until = time.monotonic() + 4.0
            while time.monotonic() < blocked_until:
                pass
            assert held.granted_bytes == HELD_BYTES
            return broker[0].renewal_count - before

    assert asyncio.run(work()) >= 2
    wait_for_end(lease)


def test_a_block_that_can_take_less_is_asked_and_its_word_is_passed_on(broker: Broker) -> None:
    asked: list[int] = []
    shrunk = threading.Event()

    def shrink(keep_bytes: int) -> None:
        asked.append(keep_bytes)
        shrunk.set()

    with brickwork_sdk.lease("64MiB", least="32MiB", on_shrink=shrink, broker=broker[1]) as held:
        broker[0].ask_back(keep_bytes=HELD_BYTES // 2)
        assert shrunk.wait(SECONDS)
        while held.granted_bytes != HELD_BYTES // 2:
            time.sleep(0.01)
    assert asked == [HELD_BYTES // 2]
    wait_for_end(held)


def test_a_block_keeps_what_it_has_and_is_interrupted_when_others_need_its_memory(
    broker: Broker,
) -> None:
    kept: list[float] = []
    lease = brickwork_sdk.lease("64MiB", on_checkpoint=kept.append, broker=broker[1])
    with pytest.raises(BrickworkError) as caught:
        use_until_interrupted(lease, broker[0])
    assert caught.value.reason is Reason.VRAM_REVOKED
    assert "An interactive call waits for this memory." in caught.value.message
    assert len(kept) == 1
    assert 20 < kept[0] <= 23
    broker[0].demand = None
    wait_for_end(lease)


def test_a_hook_that_fails_takes_nothing_from_the_block(broker: Broker) -> None:
    def fail(seconds: float) -> None:
        raise RuntimeError("the disk is full")

    hooked = threading.Event()
    before = threading.excepthook
    threading.excepthook = lambda _: hooked.set()
    try:
        with brickwork_sdk.lease("64MiB", hold="1s", on_warning=fail, broker=broker[1]) as held:
            assert hooked.wait(SECONDS)
            assert held.granted_bytes == HELD_BYTES
    finally:
        threading.excepthook = before
    wait_for_end(held)


def test_a_process_that_keeps_the_memory_of_others_is_ended(broker: Broker) -> None:
    program = f"""
import brickwork_sdk, signal, threading
signal.signal(signal.SIGINT, signal.SIG_IGN)
with brickwork_sdk.lease("64MiB", broker={broker[1]!r}):
    print("ready", flush=True)
    threading.Event().wait()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        broker[0].ask_back(within_seconds=3.0)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert b"lease: This process is ended: An interactive call waits for this memory." in errors


def test_a_block_goes_on_without_the_process_that_kept_its_lease_and_is_told(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    with brickwork_sdk.lease("64MiB", broker=broker[1]) as held:
        (keeper,) = psutil.Process().children()
        keeper.kill()
        wait_for_end(held)
        assert held.granted_bytes == HELD_BYTES
    assert "The process that keeps the lease was killed." in capsys.readouterr().err
    assert list(broker[0].held.values()) == [HELD_BYTES]


def test_why_there_is_no_memory_is_raised_where_the_block_would_begin(broker: Broker) -> None:
    broker[0].refusal = BrickworkError(Reason.VRAM_CAN_NEVER_FIT, "Never.")
    with pytest.raises(BrickworkError) as caught, brickwork_sdk.lease("64MiB", broker=broker[1]):
        pytest.fail("the block has no memory")
    assert caught.value.reason is Reason.VRAM_CAN_NEVER_FIT


def test_control_c_leaves_the_queue(broker: Broker) -> None:
    broker[0].queue = [f"Waiting for {number}." for number in range(100_000)]
    lease = brickwork_sdk.lease("64MiB", broker=broker[1])
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), lease:
        pytest.fail("the block has no memory")
    wait_for_end(lease)
    assert broker[0].held == {}


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("8GB", {}),
        ("8GiB", {"hold": "soon"}),
        ("8GiB", {"least": "9GiB"}),
        ("8GiB", {"work_class": "urgent"}),
    ],
)
def test_nonsense_is_refused_at_once(size: str, words: dict[str, Any]) -> None:
    with pytest.raises(BrickworkError) as caught:
        brickwork_sdk.lease(size, broker="unix:/nobody.sock", **words)
    assert caught.value.reason is Reason.ARGUMENT_INVALID


def test_a_lease_that_was_not_entered_has_no_memory() -> None:
    lease = brickwork_sdk.lease("8GiB", broker="unix:/nobody.sock")
    assert (lease.granted_bytes, lease.hold_left_seconds, lease.is_over) == (0, 0.0, False)


def use_until_interrupted(lease: NotebookLease, broker: ScriptedBroker) -> None:
    with lease:
        broker.ask_back(within_seconds=25.0)
        threading.Event().wait(SECONDS)


def wait_for_end(lease: NotebookLease) -> None:
    """Return once nothing of a lease is held."""
    until = time.monotonic() + SECONDS
    while not lease.is_over:
        assert time.monotonic() < until
        time.sleep(0.01)
