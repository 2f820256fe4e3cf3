"""Which replica of a brick gets a stage."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_sdk.server import running

EMPTY, LOADING, READY = (
    control_pb2.SLOT_STATE_EMPTY,
    control_pb2.SLOT_STATE_LOADING,
    control_pb2.SLOT_STATE_READY,
)


class Brick(control_pb2_grpc.ControlServiceServicer):
    """Says of its one model what the test wants."""

    def __init__(self, state: control_pb2.SlotState.ValueType, user_count: int = 0) -> None:
        self.model = control_pb2.ModelState(state=state, user_count=user_count)

    async def DescribeBrick(
        self, request: control_pb2.DescribeBrickRequest, context: Any
    ) -> control_pb2.DescribeBrickResponse:
        return control_pb2.DescribeBrickResponse(models=[self.model])

    async def LoadModel(self, request: Any, context: Any) -> control_pb2.LoadModelResponse:
        raise AssertionError("nobody asks for this")

    async def UnloadModel(self, request: Any, context: Any) -> control_pb2.UnloadModelResponse:
        raise AssertionError("nobody asks for this")


@asynccontextmanager
async def replicas_of(folder: Path, *bricks: Brick) -> AsyncIterator[tuple[Replicas, list[str]]]:
    """Serve these replicas of one brick, and name one more that is away."""
    addresses = [f"unix:{folder}/{number}" for number in range(len(bricks) + 1)]
    async with AsyncExitStack() as stack:
        for address, brick in zip(addresses, bricks, strict=False):
            await stack.enter_async_context(
                running(
                    [],
                    partial(control_pb2_grpc.add_ControlServiceServicer_to_server, brick),
                    service="asr",
                    address=address,
                    drain_seconds=0.0,
                )
            )
        yield Replicas({"asr": ",".join(addresses)}), addresses


async def test_the_replica_with_the_fewest_calls_is_chosen(tmp_path: Path) -> None:
    async with (
        replicas_of(tmp_path, Brick(READY, 2), Brick(EMPTY)) as (replicas, addresses),
        replicas.chosen("asr") as address,
    ):
        assert address == addresses[1]


async def test_of_equals_the_one_that_has_its_model_is_chosen(tmp_path: Path) -> None:
    async with (
        replicas_of(tmp_path, Brick(EMPTY), Brick(READY)) as (replicas, addresses),
        replicas.chosen("asr") as address,
    ):
        assert address == addresses[1]


async def test_a_replica_whose_caller_waits_for_the_model_is_no_idle_one(tmp_path: Path) -> None:
    async with (
        replicas_of(tmp_path, Brick(LOADING), Brick(EMPTY)) as (replicas, addresses),
        replicas.chosen("asr") as address,
    ):
        assert address == addresses[1]


async def test_stages_that_begin_at_once_are_shared(tmp_path: Path) -> None:
    async with (
        replicas_of(tmp_path, Brick(EMPTY), Brick(EMPTY)) as (replicas, addresses),
        replicas.chosen("asr") as one,
        replicas.chosen("asr") as other,
    ):
        assert {one, other} == set(addresses[:2])


async def test_when_nobody_answers_all_are_called(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/a,unix:{tmp_path}/b"
    async with Replicas({"asr": address}).chosen("asr") as chosen:
        assert chosen == address


async def test_a_name_stands_for_every_address_that_it_has(tmp_path: Path) -> None:
    async with Replicas({"asr": "no-such-host.invalid:7001"}).chosen("asr") as unknown:
        assert unknown == "no-such-host.invalid:7001"
    async with Replicas({"asr": "127.0.0.1:7001"}).chosen("asr") as only:
        assert only == "127.0.0.1:7001"
