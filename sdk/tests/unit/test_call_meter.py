"""What is told of a call on a model: its waits, its work in the engine, and why it loads."""

import os
import signal
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client import REGISTRY

from brickwork_sdk.errors import BrickworkError, NotPossible, Reason
from brickwork_sdk.slots import Slots
from brickwork_sdk.telemetry.media import MediaMeter
from brickwork_sdk.telemetry.metrics import ENGINE_CALLS, ENGINE_RESIDENT_BYTES
from brickwork_sdk.telemetry.span import span, trace_id
from brickwork_sdk.testing.broker import scripted_broker
from brickwork_sdk.testing.telemetry import recorded_spans
from sdk.tests.unit.test_slots import ENTRY, run, slots_of, until


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"brickwork_{name}", labels) or 0.0


def loads(cause: str) -> float:
    return value("model_loads_total", model="toy", cause=cause)


async def traced(slots: Slots, method: str = "count") -> tuple[str | None, list[ReadableSpan]]:
    """Run a call inside of a span; return its trace and the spans that were made beside it."""
    with recorded_spans() as spans:
        with span("caller"):
            mine = trace_id()
            with suppress(BrickworkError):
                await run(slots, method)
        made = [one for one in spans.get_finished_spans() if one.name != "caller"]
        # The broker of the test serves in this process, and its calls are of no interest here.
        return mine, [one for one in made if not one.name.startswith("/")]


async def test_waits_and_work_are_spans_of_the_call_that_they_belong_to() -> None:
    async with scripted_broker() as (broker, address), slots_of(address) as slots:
        broker.queue = ["waits for 3 GB held by asr"]
        busy = value("engine_compute_seconds_total", model="toy")
        mine, made = await traced(slots)
        again, made_again = await traced(slots)
        process = slots.named("toy").process
    assert [one.name for one in made] == ["lease.wait", "model.load", "engine count"]
    assert [one.name for one in made_again] == ["engine count"]
    assert {f"{one.context.trace_id:032x}" for one in made} == {mine} != {again}
    waited, _, worked = made
    assert waited.attributes is not None
    assert waited.attributes["lease.size_bytes"] == ENTRY.footprint_bytes
    assert worked.attributes is not None
    assert process is not None
    assert worked.attributes["process.pid"] == process.identity.pid
    assert worked.attributes["engine.step_count"] == 4
    assert value("engine_compute_seconds_total", model="toy") > busy


async def test_a_call_that_is_refused_memory_has_waited_for_it() -> None:
    async with scripted_broker() as (broker, address), slots_of(address) as slots:
        broker.refusal = NotPossible(Reason.VRAM_CAN_NEVER_FIT, "It will never fit.")
        _, made = await traced(slots)
    assert [one.name for one in made] == ["lease.wait"]


async def test_a_call_that_fails_in_the_engine_has_worked_until_then() -> None:
    async with scripted_broker() as (_, address), slots_of(address) as slots:
        _, made = await traced(slots, "refuse")
    assert [one.name for one in made] == ["lease.wait", "model.load", "engine refuse"]


async def test_each_load_is_counted_by_what_became_of_the_model_before() -> None:
    before = {cause: loads(cause) for cause in ("first", "asked", "engine_died")}
    async with scripted_broker() as (_, address), slots_of(address) as slots:
        slot = slots.named("toy")
        await run(slots)
        await slot.unload()
        await run(slots)
        assert slot.process is not None
        os.kill(slot.process.identity.pid, signal.SIGKILL)
        await until(lambda: slot.process is None)
        await run(slots)
    assert {cause: loads(cause) - count for cause, count in before.items()} == {
        "first": 1,
        "asked": 1,
        "engine_died": 1,
    }


async def test_the_engine_s_memory_is_told_by_its_brick() -> None:
    async with scripted_broker() as (_, address), slots_of(address) as slots:
        await run(slots)
        slots.measure()
    (running,) = (
        sample.value
        for metric in ENGINE_CALLS.collect()
        for sample in metric.samples
        if sample.labels == {"model": "toy", "state": "running"}
    )
    (resident,) = (s.value for m in ENGINE_RESIDENT_BYTES.collect() for s in m.samples)
    assert running == 0
    assert resident > 1_000_000


@pytest.mark.parametrize(("start_ms", "worked"), [(0, 30.0), (10_000, 20.0)])
def test_what_was_worked_through_of_a_recording_counts_once(start_ms: int, worked: float) -> None:
    before = value("media_seconds_total", model="toy")
    meter = MediaMeter("toy", start_ms)
    for done_ms in (5_000, 20_000, 20_000, 30_000):
        meter.reaches(done_ms)
    assert value("media_seconds_total", model="toy") - before == worked
