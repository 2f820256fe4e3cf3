"""The slots of a brick, and the one way in which its RPCs run a call on a model."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from brickwork.common.v1 import common_pb2
from brickwork_sdk.caller import Caller
from brickwork_sdk.durations import to_duration
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.errors import NotFound, Reason
from brickwork_sdk.processes import resident_bytes
from brickwork_sdk.slot import ModelSlot, SlotState
from brickwork_sdk.telemetry import metrics
from brickwork_sdk.telemetry.call import LEASE_WAIT, MODEL_LOAD, CallMeter
from brickwork_sdk.telemetry.span import trace_id
from brickwork_sdk.vram import MemoryWait


@dataclass(frozen=True)
class Waiting:
    """The call waits for memory or for its model.

    Attributes:
        cause: one sentence that a user can read.
        for_memory: True while a token is awaited, False while the model is loaded.
        waited_seconds: so far.
        expected_seconds: from now on; None when unknown.
        position: place in the broker's queue from 1; None when not queued.
    """

    cause: str
    for_memory: bool
    waited_seconds: float
    expected_seconds: float | None = None
    position: int | None = None

    def to_proto(self) -> common_pb2.Waiting:
        """Render for the wire."""
        kind = (
            common_pb2.WAIT_KIND_MEMORY if self.for_memory else common_pb2.WAIT_KIND_MODEL_LOADING
        )
        waiting = common_pb2.Waiting(
            kind=kind,
            cause=self.cause,
            waited=to_duration(self.waited_seconds),
            position=self.position,
        )
        if self.expected_seconds is not None:
            waiting.expected.CopyFrom(to_duration(self.expected_seconds))
        return waiting


@dataclass(frozen=True)
class Started:
    """The model is there and work begins."""

    model: common_pb2.ModelInfo
    waited_seconds: float

    def to_proto(self) -> common_pb2.Started:
        """Render for the wire."""
        return common_pb2.Started(model=self.model, waited=to_duration(self.waited_seconds))


@dataclass(frozen=True, eq=False)
class Seat:
    """A place at a loaded model, which stays in use between the calls that are run from it.

    Attributes:
        started: which model it is, and how long the wait for it was.
        process: its engine.
        work_class: decides the share of engine time.
        meter: measures the calls.
    """

    started: Started
    process: EngineProcess
    work_class: str
    meter: CallMeter

    async def run(
        self, method: str, request: object, events: Sequence[type]
    ) -> AsyncGenerator[Any, None]:
        """Run one call and yield its events; see `EngineProcess.stream`."""
        worked = partial(self.meter.works, method, self.process.identity.pid)
        stream = self.process.stream(method, request, events, self.work_class, worked, trace_id())
        async with aclosing(stream) as steps:
            async for event in steps:
                self.meter.answers()
                yield event


class Slots:
    """Every model that a brick serves, by name."""

    def __init__(self, slots: Mapping[str, ModelSlot], default_model: str) -> None:
        self.by_name = dict(slots)
        self.default_model = default_model

    def named(self, name: str) -> ModelSlot:
        """Return the slot of this model; an empty name is the default.

        Raises:
            NotFound: MODEL_UNKNOWN.
        """
        slot = self.by_name.get(name or self.default_model)
        if slot is None:
            known = ", ".join(sorted(self.by_name))
            raise NotFound(
                Reason.MODEL_UNKNOWN,
                f"There is no such model here; there are: {known}.",
                metadata={"model": name[:64], "known": known},
            )
        return slot

    async def enter(self, model: str, caller: Caller) -> AsyncGenerator[Waiting | Seat, None]:
        """Yield the waits, and at last a seat; closing the iterator leaves the model.

        Raises:
            NotFound: MODEL_UNKNOWN.
            BrickworkError: why there is no memory or no model.
        """
        slot, began = self.named(model), time.monotonic()
        meter = CallMeter(slot.entry.name, slot.entry.footprint_bytes, caller.work_class)
        if slot.state is not SlotState.READY:
            meter.waits(MODEL_LOAD if slot.state is SlotState.LOADING else LEASE_WAIT)
        async with AsyncExitStack() as leaving:
            leaving.callback(meter.ends_waiting)
            notices = await leaving.enter_async_context(aclosing(slot.enter(caller)))
            async for notice in notices:
                waited_seconds = time.monotonic() - began
                if isinstance(notice, MemoryWait):
                    meter.waits(LEASE_WAIT)
                    yield Waiting(
                        notice.cause,
                        True,
                        waited_seconds,
                        notice.expected_seconds,
                        notice.position,
                    )
                elif not isinstance(notice, EngineProcess):
                    meter.waits(MODEL_LOAD)
                    yield Waiting(notice.cause, False, waited_seconds)
                else:
                    meter.ends_waiting()
                    started = Started(model_info(slot), waited_seconds)
                    yield Seat(started, notice, caller.work_class.value, meter)
                    return

    async def run(
        self,
        model: str,
        caller: Caller,
        method: str,
        request: object,
        events: Sequence[type],
    ) -> AsyncGenerator[Any, None]:
        """Run one call: yield the waits, one Started, then the engine's events.

        Closing the iterator cancels the call and leaves the model; see `EngineProcess.stream`.

        Raises:
            NotFound: MODEL_UNKNOWN.
            BrickworkError: why there is no memory or no model, or what the engine raised.
        """
        async with aclosing(self.enter(model, caller)) as steps:
            async for step in steps:
                if isinstance(step, Waiting):
                    yield step
                    continue
                yield step.started
                async with aclosing(step.run(method, request, events)) as found:
                    async for event in found:
                        yield event

    def measure(self) -> None:
        """Set the gauges of what the models do now; on any thread."""
        for name, slot in self.by_name.items():
            metrics.ENGINE_CALLS.labels(name, "running").set(slot.user_count)
            metrics.ENGINE_CALLS.labels(name, "waiting").set(slot.waiting_count)
            metrics.MODEL_GRANTED_BYTES.labels(name).set(slot.granted_bytes)
            process = slot.process
            if process is not None:
                size_bytes = resident_bytes(process.identity.pid)
                metrics.ENGINE_RESIDENT_BYTES.labels(name).set(size_bytes)

    async def close(self) -> None:
        """Unload every model."""
        for slot in self.by_name.values():
            await slot.close()


def model_info(slot: ModelSlot) -> common_pb2.ModelInfo:
    """Tell which model a slot serves; engine and device only once it has been loaded."""
    info = common_pb2.ModelInfo(name=slot.entry.name)
    if slot.model is not None:
        info.digest = slot.model.digest
    if slot.process is not None:
        description = slot.process.description
        info.engine, info.precision = description.engine, description.precision
        info.device = description.device
    return info
