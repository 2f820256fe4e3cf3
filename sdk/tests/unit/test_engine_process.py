"""The engine process against everything that can happen to it."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from brickwork_sdk.engine import EngineProcess, wire
from brickwork_sdk.engine import process as process_module
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.processes import identify
from brickwork_sdk.testing.toy_engine import CountRequest, Number

TOY = "brickwork_sdk.testing.toy_engine"


async def start(**options: str) -> EngineProcess:
    process = await EngineProcess.spawn(TOY, Path("."), options)
    await process.loaded(timeout_seconds=20)
    return process


@pytest.fixture
async def engine() -> AsyncIterator[EngineProcess]:
    process = await start()
    yield process
    await process.kill()


async def numbers(
    engine: EngineProcess, method: str, count: int, trace: Path | None = None
) -> list[int]:
    request = CountRequest(count, trace)
    async with aclosing(engine.stream(method, request, [Number])) as events:
        return [event.value async for event in events]


async def hang(engine: EngineProcess, folder: Path) -> "asyncio.Task[list[int]]":
    """Begin a call whose step never ends, and return once the child is inside that step."""
    trace = folder / "inside"
    os.mkfifo(trace)
    task = asyncio.create_task(numbers(engine, "hang", 1, trace))
    await asyncio.to_thread(trace.read_text)
    return task


async def test_results_arrive_in_order_and_all_of_them(engine: EngineProcess) -> None:
    assert await numbers(engine, "count", 100) == list(range(100))
    assert engine.description.engine == "toy 1"


async def test_calls_side_by_side_do_not_mix(engine: EngineProcess) -> None:
    counts = [3, 50, 7, 0]
    answers = await asyncio.gather(*(numbers(engine, "count", count) for count in counts))
    assert answers == [list(range(count)) for count in counts]


async def test_an_error_of_the_catalogue_crosses_whole(engine: EngineProcess) -> None:
    with pytest.raises(BrickworkError) as caught:
        await numbers(engine, "refuse", 1)
    assert caught.value.reason is Reason.ARGUMENT_INVALID
    assert caught.value.metadata == {"field": "count"}
    assert await numbers(engine, "count", 2) == [0, 1]


async def test_a_foreign_error_is_named_by_type_without_its_text(engine: EngineProcess) -> None:
    with pytest.raises(BrickworkError) as caught:
        await numbers(engine, "break_down", 1)
    assert caught.value.reason is Reason.ENGINE_FAILED
    assert "words" not in caught.value.message
    assert await numbers(engine, "count", 2) == [0, 1]


async def test_an_unknown_method_is_one_error_and_harms_nobody(engine: EngineProcess) -> None:
    with pytest.raises(BrickworkError) as caught:
        await numbers(engine, "no_such_method", 1)
    assert caught.value.reason is Reason.ENGINE_FAILED
    assert await numbers(engine, "count", 1) == [0]


async def test_the_death_of_the_child_ends_every_call_with_a_reason(
    engine: EngineProcess, tmp_path: Path
) -> None:
    hanging = await hang(engine, tmp_path)
    os.kill(engine.identity.pid, signal.SIGKILL)
    with pytest.raises(BrickworkError) as caught:
        await hanging
    assert caught.value.reason is Reason.ENGINE_CRASHED
    await engine.exited.wait()
    assert identify(engine.identity.pid) != engine.identity
    with pytest.raises(BrickworkError) as later:
        await numbers(engine, "count", 1)
    assert later.value.reason is Reason.ENGINE_CRASHED


async def test_an_engine_that_kills_itself_is_reaped(engine: EngineProcess) -> None:
    with pytest.raises(BrickworkError) as caught:
        await numbers(engine, "die", 1)
    assert caught.value.reason is Reason.ENGINE_CRASHED
    await engine.exited.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(engine.identity.pid, 0)  # succeeds for a zombie


async def test_leaving_early_closes_the_generator_and_keeps_the_engine(
    engine: EngineProcess, tmp_path: Path
) -> None:
    trace = tmp_path / "closed"
    async with aclosing(engine.stream("count", CountRequest(10**9, trace), [Number])) as events:
        async for event in events:
            if event.value == 20:
                break
    assert await numbers(engine, "count", 3) == [0, 1, 2]
    assert trace.exists()


async def test_a_call_that_fails_when_it_is_cancelled_harms_no_other(
    engine: EngineProcess,
) -> None:
    async with aclosing(engine.stream("cling", CountRequest(1), [Number])) as events:
        await anext(events)
    assert await numbers(engine, "count", 3) == [0, 1, 2]


async def test_a_reader_that_does_not_read_stops_the_work(
    engine: EngineProcess, tmp_path: Path
) -> None:
    async with aclosing(engine.stream("count", CountRequest(10**6), [Number])) as events:
        first = await anext(events)
        await numbers(engine, "count", 200)
        held = engine._answers[1].inbox.qsize()
    assert first.value == 0
    assert held < process_module.CREDIT


async def test_a_cancelled_call_that_hangs_has_its_process_killed(
    engine: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "CANCEL_SECONDS", 0.05)
    hanging = await hang(engine, tmp_path)
    hanging.cancel()
    async with asyncio.timeout(5):
        await engine.exited.wait()
    with pytest.raises(BrickworkError) as caught:
        await numbers(engine, "count", 1)
    assert caught.value.reason is Reason.ENGINE_STOPPED


async def test_stop_ends_the_process_and_is_safe_to_repeat(engine: EngineProcess) -> None:
    await engine.stop()
    await engine.stop()
    assert identify(engine.identity.pid) != engine.identity


@pytest.mark.parametrize(
    ("load", "reason"),
    [("refuse", Reason.MODEL_MISSING), ("die", Reason.ENGINE_CRASHED)],
)
async def test_a_model_that_does_not_load_is_one_clear_error(load: str, reason: Reason) -> None:
    with pytest.raises(BrickworkError) as caught:
        await start(load=load)
    assert caught.value.reason is reason


async def test_processes_that_an_engine_names_are_users_of_its_memory_beside_it() -> None:
    process = await EngineProcess.spawn(TOY, Path("."), {"load": "share"})
    told: list[int] = []
    process.on_users = lambda: told.append(len(process.users))
    await process.loaded(timeout_seconds=20)
    assert process.users == (process.identity, identify(os.getpid()))
    assert told == [2]
    await process.kill()


@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "hung"])
async def test_an_engine_without_a_sign_of_life_is_killed_and_its_calls_are_told(
    engine: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_frozen: bool
) -> None:
    hanging = await hang(engine, tmp_path)
    if is_frozen:
        os.kill(engine.identity.pid, signal.SIGSTOP)
    monkeypatch.setattr(process_module, "LOOK_EVERY_SECONDS", 0.05)
    with pytest.raises(BrickworkError) as caught:
        async with asyncio.timeout(60):
            await hanging
    assert caught.value.reason is Reason.ENGINE_CRASHED
    assert "no sign of life" in caught.value.message
    await engine.exited.wait()


async def test_a_load_that_hangs_is_killed_at_its_deadline() -> None:
    process = await EngineProcess.spawn(TOY, Path("."), {"load": "hang"})
    with pytest.raises(BrickworkError) as caught:
        await process.loaded(timeout_seconds=0.05)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    assert process.exited.is_set()


def test_an_engine_ends_when_its_brick_dies_between_a_ping_and_its_answer() -> None:
    ours, theirs = socket.socketpair()
    words = [sys.executable, "-m", "brickwork_sdk.engine.child", str(theirs.fileno())]
    with theirs, ours, subprocess.Popen(words, pass_fds=[theirs.fileno()]) as child:
        theirs.close()
        ours.sendall(wire.encode({"type": "ping"}))
        ours.close()
        assert child.wait(timeout=60) == 0


ORPHAN = """
import asyncio, os, sys
from pathlib import Path
from brickwork_sdk.engine import EngineProcess, wire
async def main():
    process = await EngineProcess.spawn("brickwork_sdk.testing.toy_engine", Path("."), {})
    await process.loaded(20)
    print(process.identity.pid, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


def test_no_engine_outlives_a_killed_brick() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as brick:
        assert brick.stdin is not None
        assert brick.stdout is not None
        descriptor = os.pidfd_open(int(brick.stdout.readline()))
        brick.stdin.close()
        brick.wait(timeout=10)
    # A pidfd becomes readable when its process has ended.
    readable, _, _ = select.select([descriptor], [], [], 5)
    os.close(descriptor)
    assert readable, "the engine process outlived its brick"
