"""Slots against a broker that does as it is told and an engine that misbehaves."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brickwork_sdk.caller import Caller
from brickwork_sdk.engine.wear import NEVER_RECYCLED, WINDOW_CALLS, Recycling
from brickwork_sdk.errors import BrickworkError, NotFound, NotPossible, Reason
from brickwork_sdk.models import BuildByModule, CatalogueEntry, Model, ModelFile
from brickwork_sdk.slot import ModelSlot, SlotState
from brickwork_sdk.slots import Slots, Started, Waiting
from brickwork_sdk.telemetry.metrics import MODEL_LOADS
from brickwork_sdk.testing.broker import ScriptedBroker, scripted_broker
from brickwork_sdk.testing.toy_engine import CountRequest, HoldRequest, Number
from brickwork_sdk.vram import VramClient, renewal

FILE = ModelFile(path="weights", sha256="0" * 64, size_bytes=1)
ENTRY = CatalogueEntry(
    name="toy",
    engine="brickwork_sdk.testing.toy_engine",
    licence="none",
    origin="this test",
    footprint_bytes=64 * 1024 * 1024,
    build=BuildByModule(module="none"),
    files=(FILE,),
)


def find_model(name: str) -> Model:
    return Model(name, Path("."), "d" * 64, ENTRY.manifest)


def lose_model(name: str) -> Model:
    raise NotFound(Reason.MODEL_MISSING, "The model store has no such model.")


@asynccontextmanager
async def slots_of(
    address: str,
    *,
    entry: CatalogueEntry = ENTRY,
    find: Callable[[str], Model] = find_model,
    idle_unload_seconds: float = 60.0,
    recycling: Recycling = NEVER_RECYCLED,
    **options: str,
) -> AsyncIterator[Slots]:
    client = VramClient(address, "toy")
    slot = ModelSlot(entry, find, client, options, idle_unload_seconds, recycling)
    slots = Slots({"toy": slot}, "toy")
    try:
        yield slots
    finally:
        await slots.close()
        await client.close()


@pytest.fixture
async def broker() -> AsyncIterator[tuple[ScriptedBroker, str]]:
    async with scripted_broker() as served:
        yield served


async def run(
    slots: Slots, method: str = "count", count: int = 3, caller: Caller | None = None
) -> list[Any]:
    stream = slots.run("", caller or Caller(), method, CountRequest(count), (Number,))
    async with aclosing(stream) as events:
        return [event async for event in events]


async def until(holds: Callable[[], bool]) -> None:
    """Let the event loop run until something holds; the test's own limit ends it."""
    while not holds():  # noqa: ASYNC110 - what is awaited is other processes' doing
        await asyncio.sleep(0)


async def test_a_call_waits_starts_and_yields(broker: tuple[ScriptedBroker, str]) -> None:
    async with slots_of(broker[1]) as slots:
        events = await run(slots)
    waits = [event for event in events if isinstance(event, Waiting)]
    started = [event for event in events if isinstance(event, Started)]
    assert [wait.for_memory for wait in waits] == [False]
    assert len(started) == 1
    assert started[0].model.engine == "toy 1"
    assert started[0].model.digest == "d" * 64
    assert events[-3:] == [Number(0), Number(1), Number(2)]


async def test_the_cause_of_a_wait_for_memory_reaches_the_caller(
    broker: tuple[ScriptedBroker, str],
) -> None:
    broker[0].queue = ["waits for 3 GB held by asr", "waits for 1 GB held by asr"]
    causes = list(broker[0].queue)
    async with slots_of(broker[1]) as slots:
        events = await run(slots)
    waits = [event for event in events if isinstance(event, Waiting) and event.for_memory]
    assert [wait.cause for wait in waits] == causes
    assert [wait.position for wait in waits] == [2, 1]


async def test_without_a_token_nothing_is_loaded(broker: tuple[ScriptedBroker, str]) -> None:
    broker[0].refusal = NotPossible(Reason.VRAM_CAN_NEVER_FIT, "It will never fit.")
    async with slots_of(broker[1]) as slots:
        with pytest.raises(BrickworkError) as caught:
            await run(slots)
        assert slots.named("toy").process is None
    assert caught.value.reason is Reason.VRAM_CAN_NEVER_FIT


async def test_an_absent_broker_is_a_clear_error(tmp_path: Path) -> None:
    async with slots_of(f"unix:{tmp_path}/no.sock") as slots:
        with pytest.raises(BrickworkError) as caught:
            await run(slots)
    assert caught.value.reason is Reason.BROKER_UNREACHABLE


async def test_calls_share_one_loaded_model_and_one_token(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1]) as slots:
        await asyncio.gather(*(run(slots) for _ in range(5)))
        assert len(broker[0].held) == 1
        process = slots.named("toy").process
        assert process is not None
        assert list(broker[0].users.values()) == [[process.identity.pid]]


async def test_an_idle_model_is_unloaded_and_its_token_given_back(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1], idle_unload_seconds=0.0) as slots:
        await run(slots)
        await until(lambda: slots.named("toy").state is SlotState.EMPTY)
        assert broker[0].held == {}
        assert await run(slots), "it loads again when it is wanted again"


async def test_unload_waits_for_running_calls(broker: tuple[ScriptedBroker, str]) -> None:
    async with slots_of(broker[1]) as slots:
        slot = slots.named("toy")
        stream = slots.run("", Caller(), "count", CountRequest(10**6), (Number,))
        async with aclosing(stream) as events:
            await until_started(events)
            unloading = asyncio.create_task(slot.unload())
            await until(lambda: slot.state is SlotState.DRAINING)
            assert await anext(events) == Number(0)
            assert not unloading.done()
        await unloading
        assert slot.state is SlotState.EMPTY
        assert broker[0].held == {}


async def test_a_missing_model_is_told_and_gives_the_token_back(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1], find=lose_model) as slots:
        with pytest.raises(BrickworkError) as caught:
            await run(slots)
        await until(lambda: slots.named("toy").state is SlotState.EMPTY)
        assert broker[0].held == {}
    assert caught.value.reason is Reason.MODEL_MISSING


async def test_a_model_that_dies_while_loading_is_told(broker: tuple[ScriptedBroker, str]) -> None:
    async with slots_of(broker[1], load="die") as slots:
        with pytest.raises(BrickworkError) as caught:
            await run(slots)
    assert caught.value.reason is Reason.ENGINE_CRASHED


async def test_after_a_crash_a_fresh_process_serves(broker: tuple[ScriptedBroker, str]) -> None:
    async with slots_of(broker[1]) as slots:
        with pytest.raises(BrickworkError) as caught:
            await run(slots, method="die")
        assert caught.value.reason is Reason.ENGINE_CRASHED
        assert (await run(slots))[-1] == Number(2)
        assert len(broker[0].held) == 1, "the token of the dead process was given back"


async def test_after_an_engine_took_too_much_a_fresh_process_serves(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1]) as slots:
        storm = slots.run("", Caller(), "hold", HoldRequest(2**32, 2**32), (Number,))
        with pytest.raises(BrickworkError) as caught:
            async with aclosing(storm) as events:
                [event async for event in events]
        assert caught.value.reason is Reason.ENGINE_OVER_BUDGET
        assert (await run(slots))[-1] == Number(2)
        assert len(broker[0].held) == 1, "the token of the ended process was given back"


async def test_a_killed_process_gives_its_token_back_while_nobody_calls(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1]) as slots:
        await run(slots)
        process = slots.named("toy").process
        assert process is not None
        os.kill(process.identity.pid, signal.SIGKILL)
        await until(lambda: broker[0].held == {})


async def test_a_lost_token_ends_the_model(
    broker: tuple[ScriptedBroker, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "RENEW_EVERY_SECONDS", 0.02)
    async with slots_of(broker[1]) as slots:
        await run(slots)
        broker[0].is_stale = True
        await until(lambda: slots.named("toy").process is None)
        broker[0].is_stale = False
        assert (await run(slots))[-1] == Number(2)


async def test_a_caller_that_leaves_the_queue_leaves_nothing_behind(
    broker: tuple[ScriptedBroker, str],
) -> None:
    broker[0].queue = ["full"] * 3
    async with slots_of(broker[1]) as slots:
        stream = slots.run("", Caller(), "count", CountRequest(1), (Number,))
        async with aclosing(stream) as events:
            assert isinstance(await anext(events), Waiting)
        await until(lambda: slots.named("toy").state is SlotState.EMPTY)
        assert broker[0].held == {}


async def test_a_worn_engine_is_replaced_between_calls_and_nobody_fails(
    broker: tuple[ScriptedBroker, str],
) -> None:
    loads = MODEL_LOADS.labels("toy", "worn")
    before = loads._value.get()
    async with slots_of(broker[1], recycling=Recycling(after_calls=2)) as slots:
        slot = slots.named("toy")
        long = slots.run("", Caller(), "count", CountRequest(10**9), (Number,))
        async with aclosing(long) as events:
            async for event in events:
                if isinstance(event, Number):
                    break
            first = slot.process
            await asyncio.gather(run(slots), run(slots))
            # Two calls have ended, so this one waits until the one that runs has ended too.
            late = slots.run("", Caller(), "count", CountRequest(3), (Number,))
            told = await anext(late)
            assert told.cause == "The engine of toy is to be renewed."
            assert slot.process is first
        assert [event async for event in late][-1] == Number(2)
        assert slot.process is not first
    assert loads._value.get() == before + 1


async def test_an_engine_that_keeps_the_memory_of_its_calls_is_replaced(
    broker: tuple[ScriptedBroker, str],
) -> None:
    piece_bytes = 4 * 2**20
    async with slots_of(broker[1], recycling=Recycling(growth_bytes=2 * piece_bytes)) as slots:
        slot = slots.named("toy")
        processes = set()
        for at in range(WINDOW_CALLS + 12):
            # From the tenth call on each leaves a piece behind.
            size_bytes = max(0, at - WINDOW_CALLS + 1) * piece_bytes
            request = HoldRequest(size_bytes, piece_bytes)
            async with aclosing(slots.run("", Caller(), "hold", request, (Number,))) as events:
                async for event in events:
                    if event == Number(size_bytes):
                        assert slot.process is not None
                        processes.add(slot.process.identity.pid)
                        break
    assert len(processes) == 2


async def test_an_unknown_model_names_the_known_ones(broker: tuple[ScriptedBroker, str]) -> None:
    async with slots_of(broker[1]) as slots:
        with pytest.raises(BrickworkError) as caught:
            slots.named("whisper-huge")
    assert caught.value.reason is Reason.MODEL_UNKNOWN
    assert caught.value.metadata["known"] == "toy"


async def until_started(events: AsyncIterator[Any]) -> None:
    async for event in events:
        if isinstance(event, Started):
            return


async def test_a_model_for_a_gpu_is_not_loaded_under_a_token_for_other_memory(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1], device="cuda") as slots:
        with pytest.raises(NotPossible) as caught:
            await run(slots)
    assert caught.value.reason is Reason.DEVICE_UNAVAILABLE
    assert caught.value.metadata["missing"] == "token"
