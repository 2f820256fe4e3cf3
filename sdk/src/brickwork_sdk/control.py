"""ControlService: what an operator asks of a brick."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_sdk.caller import current_caller
from brickwork_sdk.durations import to_duration
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.limit import Limit
from brickwork_sdk.slot import ModelSlot, SlotState
from brickwork_sdk.slots import Slots, model_info

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

_STATES: Mapping[SlotState, control_pb2.SlotState.ValueType] = {
    SlotState.EMPTY: control_pb2.SLOT_STATE_EMPTY,
    SlotState.WAITING: control_pb2.SLOT_STATE_WAITING,
    SlotState.LOADING: control_pb2.SLOT_STATE_LOADING,
    SlotState.READY: control_pb2.SLOT_STATE_READY,
    SlotState.DRAINING: control_pb2.SLOT_STATE_DRAINING,
}


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """Describes a brick, loads and unloads its models."""

    def __init__(self, brick: str, version: str, slots: Slots, limits: Sequence[Limit]) -> None:
        self._brick = brick
        self._version = version
        self._slots = slots
        self._limits = limits

    async def DescribeBrick(
        self,
        request: control_pb2.DescribeBrickRequest,
        context: "Context",
    ) -> control_pb2.DescribeBrickResponse:
        """Tell what the brick is and how its models are."""
        return control_pb2.DescribeBrickResponse(
            brick=self._brick,
            version=self._version,
            default_model=self._slots.default_model or None,
            models=[_state_of(slot) for slot in self._slots.by_name.values()],
            limits=[
                control_pb2.Limit(rpc=one.rpc, name=one.name, least=one.least, most=one.most)
                for one in self._limits
            ],
        )

    async def LoadModel(
        self,
        request: control_pb2.LoadModelRequest,
        context: "Context",
    ) -> control_pb2.LoadModelResponse:
        """Load a model and answer once it is ready."""
        slot = self._slots.named(request.model)
        async with aclosing(slot.enter(current_caller.get())) as notices:
            async for notice in notices:
                if isinstance(notice, EngineProcess):
                    break
        return control_pb2.LoadModelResponse(model=_state_of(slot))

    async def UnloadModel(
        self,
        request: control_pb2.UnloadModelRequest,
        context: "Context",
    ) -> control_pb2.UnloadModelResponse:
        """Unload a model once its calls have ended."""
        slot = self._slots.named(request.model)
        await slot.unload()
        return control_pb2.UnloadModelResponse(model=_state_of(slot))


def _state_of(slot: ModelSlot) -> control_pb2.ModelState:
    state = control_pb2.ModelState(
        model=model_info(slot),
        state=_STATES[slot.state],
        granted_bytes=slot.granted_bytes,
        user_count=slot.user_count,
        languages=slot.entry.languages,
        abilities=slot.entry.abilities,
        footprint_bytes=slot.entry.footprint_bytes,
        ceiling_bytes=slot.entry.ceiling_bytes,
        peak_bytes=slot.peak_bytes or None,
    )
    if slot.load_seconds is not None:
        state.load_time.CopyFrom(to_duration(slot.load_seconds))
    return state
