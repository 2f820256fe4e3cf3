"""A model whose memory is asked back, against a broker that asks when a test says so."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from brickwork.broker.v1 import broker_pb2
from brickwork_sdk import residency
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.durations import to_seconds
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.slot import SlotState
from brickwork_sdk.slots import Slots, Waiting
from brickwork_sdk.testing.broker import ScriptedBroker, scripted_broker
from brickwork_sdk.testing.toy_engine import CountRequest, Number
from brickwork_sdk.vram import renewal
from sdk.tests.unit.test_slots import ENTRY, run, slots_of, until, until_started

ENDLESS = 10**9
ELASTIC = ENTRY.model_copy(update={"ceiling_bytes": 2 * ENTRY.footprint_bytes})


@pytest.fixture
async def broker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[ScriptedBroker, str]]:
    """A broker that hears of its holders all the time."""
    monkeypatch.setattr(renewal, "RENEW_EVERY_SECONDS", 0.05)
    async with scripted_broker() as served:
        yield served


def call(
    slots: Slots, method: str = "count", trace: Path | None = None, caller: Caller | None = None
) -> Any:
    """Begin a call that does not end by itself."""
    request = CountRequest(ENDLESS, trace)
    return aclosing(slots.run("", caller or Caller(), method, request, (Number,)))


async def read_all(events: AsyncIterator[Any], into: list[int]) -> None:
    async for event in events:
        into.append(event.value)


def loads(cause: str) -> float:
    labels = {"model": "toy", "cause": cause}
    return REGISTRY.get_sample_value("brickwork_model_loads_total", labels) or 0.0


def last(broker: ScriptedBroker) -> broker_pb2.RenewVramTokenRequest:
    """Return what the latest token's holder last said of it."""
    (token_id,) = broker.held
    return broker.renewals[token_id]


async def test_calls_that_run_get_what_was_made_and_are_told_to_come_again(
    broker: tuple[ScriptedBroker, str], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    heard: list[int] = []
    before = loads("revoked")
    async with slots_of(broker[1]) as slots:
        async with call(slots, trace=trace) as events:
            await until_started(events)
            heard.append((await anext(events)).value)  # so that the generator has begun
            process = slots.named("toy").process
            assert process is not None
            broker[0].ask_back()
            with pytest.raises(BrickworkError) as caught:
                await read_all(events, heard)
        assert caught.value.reason is Reason.VRAM_REVOKED
        assert caught.value.retry_after_seconds
        assert heard == list(range(len(heard))), "nothing that was made is lost"
        assert trace.exists(), "the engine was asked, not killed"
        await until(lambda: broker[0].held == {})
        assert process.exited.is_set()
        broker[0].demand = None
        await run(slots)
    assert loads("revoked") == before + 1


async def test_who_waits_when_memory_is_asked_back_waits_for_the_next_token(
    broker: tuple[ScriptedBroker, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residency, "RELEASE_SECONDS", 0.0)
    stuck = tmp_path / "stuck"
    os.mkfifo(stuck)
    async with slots_of(broker[1]) as slots, call(slots, "hang", stuck) as hanging:
        await until_started(hanging)
        revoked = asyncio.ensure_future(anext(hanging))
        await asyncio.to_thread(stuck.read_bytes)  # it is in a step that never ends
        broker[0].ask_back(within_seconds=2.2)  # two of them would be for an engine that ends
        await until(lambda: slots.named("toy").state is SlotState.DRAINING)
        broker[0].demand = None
        assert (await run(slots))[-1] == Number(2)
        with pytest.raises(BrickworkError) as caught:
            await revoked
        assert caught.value.reason is Reason.VRAM_REVOKED
        assert len(broker[0].asked) == 2, "the second call has another token"
        assert len(broker[0].held) == 1


async def test_an_idle_model_goes_when_its_memory_is_asked_back(
    broker: tuple[ScriptedBroker, str],
) -> None:
    before = loads("evicted")
    async with slots_of(broker[1]) as slots:
        await run(slots)
        broker[0].ask_back()
        await until(lambda: broker[0].held == {})
        broker[0].demand = None
        await run(slots)
    assert loads("evicted") == before + 1


async def test_memory_is_asked_back_in_the_middle_of_a_load(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1], load="hang") as slots, call(slots) as events:
        assert isinstance(await anext(events), Waiting)
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: any(broker[0].users.values()))
        assert last(broker[0]).loading
        broker[0].ask_back()
        async with asyncio.timeout(30):
            assert (await waiting).cause == "An interactive call waits for this memory."
        broker[0].demand = None
        await until(lambda: len(broker[0].asked) == 2)
        waiting = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(30):
            assert not (await waiting).for_memory, "it is loaded again for the call that waits"


async def test_a_model_gives_back_what_it_can_do_without(
    broker: tuple[ScriptedBroker, str],
) -> None:
    seen = []
    async with slots_of(broker[1], entry=ELASTIC) as slots, call(slots, "budget") as events:
        await until_started(events)
        seen.append((await anext(events)).value)
        (asked,) = broker[0].asked.values()
        assert asked.shrinkable
        assert asked.ceiling_bytes == 2 * asked.guaranteed_bytes
        broker[0].ask_back(keep_bytes=ENTRY.footprint_bytes)
        async for event in events:
            seen.append(event.value)
            if event.value == ENTRY.footprint_bytes and broker[0].held[asked.token_id] < seen[0]:
                break
        assert sorted(set(seen)) == [ENTRY.footprint_bytes, 2 * ENTRY.footprint_bytes]
        assert last(broker[0]).kept_bytes == ENTRY.footprint_bytes
        await until(lambda: slots.named("toy").granted_bytes == ENTRY.footprint_bytes)
        assert slots.named("toy").state is SlotState.READY, "its call went on"


async def test_the_broker_is_told_what_a_model_does(broker: tuple[ScriptedBroker, str]) -> None:
    interactive = Caller(WorkClass.INTERACTIVE)
    async with slots_of(broker[1], threads="2") as slots:
        async with call(slots) as batch, call(slots, caller=interactive) as urgent:
            await until_started(batch)
            await until_started(urgent)
            (asked,) = broker[0].asked.values()
            assert asked.loads
            assert asked.revocable
            assert not asked.shrinkable
            assert asked.work_class == broker_pb2.WORK_CLASS_BATCH
            assert asked.workload.model_digest == "d" * 64
            assert asked.workload.engine.startswith(ENTRY.engine)
            assert asked.workload.bucket == "2"
            assert asked.workload.weights_bytes == 1
            await until(lambda: last(broker[0]).work_class == broker_pb2.WORK_CLASS_INTERACTIVE)
            assert not last(broker[0]).loading
            assert not last(broker[0]).HasField("idle")
            await urgent.aclose()
            await until(lambda: last(broker[0]).work_class == broker_pb2.WORK_CLASS_BATCH)
        await until(lambda: last(broker[0]).HasField("idle"))
        before = to_seconds(last(broker[0]).idle)
        await until(lambda: to_seconds(last(broker[0]).idle) > before)


async def test_what_others_wait_for_is_told_at_once(
    broker: tuple[ScriptedBroker, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "RENEW_EVERY_SECONDS", 30.0)
    broker[0].is_wanting = True
    async with slots_of(broker[1]) as slots, asyncio.timeout(20):
        async with call(slots) as events:
            await until_started(events)
            await until(lambda: not last(broker[0]).loading)
        await until(lambda: last(broker[0]).HasField("idle"))
        broker[0].is_wanting = False
        async with call(slots) as events:
            await until_started(events)
            await until(lambda: not last(broker[0]).HasField("idle"))


async def test_more_urgent_work_does_not_wait_in_the_line_of_the_first_caller(
    broker: tuple[ScriptedBroker, str],
) -> None:
    broker[0].queue = ["full"] * 100_000
    async with slots_of(broker[1]) as slots, call(slots) as batch:
        await anext(batch)
        urgent = asyncio.create_task(run(slots, caller=Caller(WorkClass.INTERACTIVE)))
        await until(lambda: len(broker[0].asked) == 2)
        broker[0].queue.clear()
        await urgent
    classes = [asked.work_class for asked in broker[0].asked.values()]
    assert classes == [broker_pb2.WORK_CLASS_BATCH, broker_pb2.WORK_CLASS_INTERACTIVE]


async def test_a_token_whose_secret_the_broker_does_not_take_is_lost(
    broker: tuple[ScriptedBroker, str],
) -> None:
    async with slots_of(broker[1]) as slots:
        await run(slots)
        (asked,) = broker[0].asked.values()
        assert len(asked.secret) == 16
        asked.secret = b"another holder's"
        await until(lambda: slots.named("toy").process is None)
        await run(slots)
        first, second = broker[0].asked.values()
        assert first.secret != second.secret
