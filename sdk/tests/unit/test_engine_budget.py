"""An engine process that is kept to its bytes, with memory that is really taken."""

import asyncio
import errno
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.engine.budget import Budget, host_budget_bytes
from brickwork_sdk.engine.data_limit import MARGIN_BYTES as DATA_MARGIN_BYTES
from brickwork_sdk.engine.data_limit import is_out_of_memory
from brickwork_sdk.engine.fate import Fate
from brickwork_sdk.engine.memory_watch import MARGIN_BYTES, OVER_LOOKS_MAX, MemoryWatch
from brickwork_sdk.errors import BrickworkError, EngineFailed, NotPossible, Reason
from brickwork_sdk.processes import memory_sizes, private_bytes
from brickwork_sdk.testing.toy_engine import CountRequest, HoldRequest, Number

TOY = "brickwork_sdk.testing.toy_engine"
MIB = 1024 * 1024
BUDGET_BYTES = 96 * MIB
SECONDS = 60.0


@asynccontextmanager
async def engine(**options: str) -> AsyncIterator[EngineProcess]:
    process = await EngineProcess.spawn(
        TOY, Path("."), {"budget_bytes": str(BUDGET_BYTES)} | options
    )
    try:
        await process.loaded(SECONDS)
        yield process
    finally:
        await process.kill()


async def hold(
    process: EngineProcess, request: HoldRequest, until: Callable[[int], bool] = lambda _: False
) -> None:
    """Let the engine hold memory until a condition on its bytes is true, or it fails."""
    async with asyncio.timeout(SECONDS):
        async with aclosing(process.stream("hold", request, [Number])) as events:
            async for event in events:
                if until(event.value):
                    return


def data_limit_bytes(process: EngineProcess) -> int:
    return resource.prlimit(process.identity.pid, resource.RLIMIT_DATA)[0]


async def granted(process: EngineProcess) -> int:
    async with aclosing(process.stream("budget", CountRequest(1), [Number])) as events:
        [event] = [event async for event in events]
    return int(event.value)


async def test_memory_that_grows_slowly_ends_the_engine_with_one_reason() -> None:
    size_bytes = BUDGET_BYTES + MARGIN_BYTES + 32 * MIB
    async with engine() as process:
        innocent = asyncio.create_task(hold(process, HoldRequest(0, 1)))
        with pytest.raises(EngineFailed) as caught:
            await hold(process, HoldRequest(size_bytes, 4 * MIB))
        assert caught.value.reason is Reason.ENGINE_OVER_BUDGET
        with pytest.raises(EngineFailed) as beside:
            await innocent
        assert beside.value.reason is Reason.ENGINE_OVER_BUDGET
        await process.exited.wait()
        assert process.fate is Fate.OVER_BUDGET
        with pytest.raises(EngineFailed) as later:
            await granted(process)
        assert later.value.reason is Reason.ENGINE_OVER_BUDGET


async def test_memory_that_is_asked_for_at_once_is_refused_before_it_is_taken() -> None:
    async with engine() as process:
        storm = HoldRequest(2 * DATA_MARGIN_BYTES, 2 * DATA_MARGIN_BYTES)
        with pytest.raises(EngineFailed) as caught:
            await hold(process, storm, lambda held_bytes: held_bytes > 0)
        assert caught.value.reason is Reason.ENGINE_OVER_BUDGET
        await process.exited.wait()
        assert process.fate is Fate.OVER_BUDGET
    async with engine() as fresh:
        assert await granted(fresh) == BUDGET_BYTES


async def test_a_model_that_is_larger_than_its_budget_is_one_clear_error() -> None:
    with pytest.raises(EngineFailed) as caught:
        async with engine(load="swell"):
            pass
    assert caught.value.reason is Reason.ENGINE_OVER_BUDGET


async def test_an_engine_within_its_budget_is_let_be() -> None:
    async with engine() as process:
        await hold(process, HoldRequest(32 * MIB, MIB), lambda held_bytes: held_bytes >= 32 * MIB)
        assert await granted(process) == BUDGET_BYTES
        assert 32 * MIB < private_bytes(process.identity.pid) < BUDGET_BYTES


async def test_a_larger_budget_is_room_and_a_smaller_one_is_kept_to() -> None:
    large_bytes, held_bytes = 4 * BUDGET_BYTES, 3 * BUDGET_BYTES
    request = HoldRequest(held_bytes, 4 * MIB)
    async with engine() as process:
        pid, before_bytes = process.identity.pid, data_limit_bytes(process)
        await process.set_budget(large_bytes)
        assert await granted(process) == large_bytes
        assert data_limit_bytes(process) >= large_bytes + DATA_MARGIN_BYTES > before_bytes
        await hold(process, request, lambda bytes_now: bytes_now >= held_bytes)
        await process.set_budget(BUDGET_BYTES)
        assert await granted(process) == BUDGET_BYTES
        assert private_bytes(pid) < BUDGET_BYTES
        assert data_limit_bytes(process) < large_bytes + DATA_MARGIN_BYTES
        with pytest.raises(EngineFailed) as caught:
            await hold(process, request)
        assert caught.value.reason is Reason.ENGINE_OVER_BUDGET


async def test_a_budget_for_an_engine_that_is_gone_says_why_it_is_gone() -> None:
    async with engine() as process:
        await process.stop()
        with pytest.raises(BrickworkError) as caught:
            await process.set_budget(BUDGET_BYTES)
    assert caught.value.reason is Reason.ENGINE_STOPPED


async def test_memory_of_a_gpu_is_not_looked_for_in_the_machine() -> None:
    async with engine(device="cuda", budget_bytes=str(MIB)) as process:
        await process.set_budget(2 * MIB)
        assert await granted(process) == 2 * MIB
        assert private_bytes(process.identity.pid) > 2 * MIB
    assert host_budget_bytes({"device": "cuda", "budget_bytes": "1"}) is None


def test_only_a_process_that_stays_above_its_budget_is_over_it() -> None:
    watch, above = MemoryWatch(BUDGET_BYTES), BUDGET_BYTES + MARGIN_BYTES + 1
    assert not any(watch.is_over(above - 1) for _ in range(10))
    assert [watch.is_over(above) for _ in range(OVER_LOOKS_MAX)][-2:] == [False, True]
    watch = MemoryWatch(BUDGET_BYTES)
    assert not any(watch.is_over(looked) for looked in (above, above - 1) * 10)


@pytest.mark.parametrize(
    ("granted_bytes", "count"),
    [(0, 1), (100, 1), (139, 1), (140, 2), (219, 3), (220, 4), (10**9, 4)],
)
def test_more_memory_is_more_work_at_once(granted_bytes: int, count: int) -> None:
    assert Budget(granted_bytes, 100, 220).at_once(4) == count


@pytest.mark.parametrize("options", [{}, {"budget_bytes": "5"}, {"ceiling_bytes": "5"}])
def test_without_a_range_the_engine_does_as_it_always_did(options: dict[str, str]) -> None:
    assert Budget.of(options).at_once(4) == 4


def test_memory_that_was_refused_is_known_in_the_words_of_every_library() -> None:
    wrapped = NotPossible(Reason.MODEL_UNREADABLE, "The model cannot be read.")
    wrapped.__cause__ = MemoryError()
    no_thread = NotPossible(Reason.MEDIA_UNREADABLE, "The recording cannot be decoded.")
    no_thread.__cause__ = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    for error in (MemoryError(), RuntimeError("std::bad_alloc"), wrapped, no_thread):
        assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("The shapes do not match."))
    assert not is_out_of_memory(FileNotFoundError(errno.ENOENT, "No such file"))


def test_what_is_private_is_read_of_the_kernel_and_is_nothing_of_the_dead() -> None:
    sizes = memory_sizes(os.getpid())
    assert 0 < sizes["RssAnon"] <= sizes["VmRSS"]
    assert private_bytes(os.getpid()) >= sizes["RssAnon"] // 2
    assert private_bytes(2**22 + 1) == 0
