"""What operators do, over a real socket."""

from typing import TYPE_CHECKING

from brickwork.broker.v1 import admin_pb2, admin_pb2_grpc, broker_pb2_grpc
from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_sdk.errors import Reason
from services.broker.tests.unit.asking import SECONDS, Child, refusal, request

if TYPE_CHECKING:  # the stub of grpc.aio has a class of its own in the type stubs only
    Stub = broker_pb2_grpc.BrokerServiceAsyncStub
    AdminStub = admin_pb2_grpc.BrokerAdminServiceAsyncStub


async def test_an_operator_stops_the_lending_and_says_why(
    stub: "Stub", admin: "AdminStub", children: list[Child]
) -> None:
    authority = admin_pb2.Authority(operator="ada", reason="New driver.")
    stop = admin_pb2.SetDrainingRequest(authority=authority, draining=True)
    await admin.SetDraining(stop, timeout=SECONDS)
    answer = await stub.AcquireVramToken(request(children[0]), timeout=SECONDS)
    assert answer.place.cause == "ada has stopped the lending of memory: New driver."
    capacity = await stub.GetCapacity(pb.GetCapacityRequest(), timeout=SECONDS)
    assert capacity.closed_because == answer.place.cause
    move = admin_pb2.ReprioritiseVramTokenRequest(
        authority=authority, token_id="token-01", work_class=pb.WORK_CLASS_INTERACTIVE
    )
    moved = await admin.ReprioritiseVramToken(move, timeout=SECONDS)
    assert moved.place.position == 1
    resume = admin_pb2.SetDrainingRequest(authority=authority)
    await admin.SetDraining(resume, timeout=SECONDS)
    answer = await stub.AcquireVramToken(request(children[0]), timeout=SECONDS)
    assert answer.token.state == pb.TOKEN_STATE_GRANTED
    assert answer.token.work_class == pb.WORK_CLASS_INTERACTIVE


async def test_an_operator_without_a_name_or_a_reason_changes_nothing(
    admin: "AdminStub",
) -> None:
    me = admin_pb2.Authority(operator="ada", reason="Because.")
    for calls in (
        admin.SetDraining(admin_pb2.SetDrainingRequest(draining=True), timeout=SECONDS),
        admin.SetDraining(
            admin_pb2.SetDrainingRequest(
                authority=admin_pb2.Authority(operator="a\nb", reason="Because.")
            ),
            timeout=SECONDS,
        ),
        admin.ReprioritiseVramToken(
            admin_pb2.ReprioritiseVramTokenRequest(authority=me, token_id="token-01"),
            timeout=SECONDS,
        ),
        admin.ListTransitions(admin_pb2.ListTransitionsRequest(limit=-1), timeout=SECONDS),
        admin.ListTransitions(admin_pb2.ListTransitionsRequest(limit=10_001), timeout=SECONDS),
    ):
        assert (await refusal(calls)).reason is Reason.ARGUMENT_INVALID
    override = admin_pb2.OverrideQuarantineRequest(authority=me, token_id="token-99")
    unknown = await refusal(admin.OverrideQuarantine(override, timeout=SECONDS))
    assert unknown.reason is Reason.VRAM_TOKEN_UNKNOWN
