"""What client and renewal say to the broker, and how they understand its answers."""

import secrets
import time
import uuid
from collections.abc import Iterable

import grpc

from brickwork.broker.v1 import broker_pb2
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.durations import to_duration, to_seconds
from brickwork_sdk.errors import BrickworkError, Busy, Reason
from brickwork_sdk.processes import ProcessIdentity, cpu_seconds
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.vram.request import MemoryRequest
from brickwork_sdk.vram.token import Demand, Standing, VramToken

SECRET_BYTES = 16
LOAD_STEPS_PER_SECOND = 10
"""A load gets on by processor time, in steps of 0.1 s: answers to pings, which a process that
hangs in its load gives as well, need one of them in ten minutes."""

_AWAY = (Reason.BRICK_UNREACHABLE, Reason.DEADLINE_EXCEEDED, Reason.CANCELLED)
"""CANCELLED is what gRPC says of a call that arrived just as the broker stopped."""
_CLASSES = {
    WorkClass.INTERACTIVE: broker_pb2.WORK_CLASS_INTERACTIVE,
    WorkClass.BATCH: broker_pb2.WORK_CLASS_BATCH,
    WorkClass.NOTEBOOK: broker_pb2.WORK_CLASS_NOTEBOOK,
    WorkClass.BEST_EFFORT: broker_pb2.WORK_CLASS_BEST_EFFORT,
}


def named(error: grpc.RpcError) -> BrickworkError:
    """Return the error that the broker meant; one that is away is BROKER_UNREACHABLE."""
    found = error_from_rpc(error)
    if found.reason in _AWAY:
        return Busy(
            Reason.BROKER_UNREACHABLE,
            "The VRAM broker does not answer, so nothing new can be loaded.",
            retry_after_seconds=5.0,
        )
    return found


def to_proto(process: ProcessIdentity) -> broker_pb2.ProcessIdentity:
    """Render for the wire."""
    return broker_pb2.ProcessIdentity(
        pid=process.pid,
        start_ticks=process.start_ticks,
        boot_id=process.boot_id,
        pid_namespace=process.pid_namespace,
    )


def acquisition(
    holder: str, request: MemoryRequest, caller: Caller
) -> broker_pb2.AcquireVramTokenRequest:
    """Render a request, with an id and a secret that nobody else has."""
    rendered = broker_pb2.AcquireVramTokenRequest(
        token_id=f"{holder}-{uuid.uuid4().hex}",
        holder=holder,
        purpose=request.purpose,
        guaranteed_bytes=request.guaranteed_bytes,
        ceiling_bytes=request.ceiling_bytes,
        work_class=_CLASSES[caller.work_class],
        tenant=caller.tenant,
        secret=secrets.token_bytes(SECRET_BYTES),
        shrinkable=request.is_shrinkable,
        revocable=request.is_revocable,
        loads=request.loads,
    )
    if request.hold_seconds is not None:
        rendered.hold.CopyFrom(to_duration(request.hold_seconds))
    if request.give_up_after_seconds is not None:
        rendered.give_up_after.CopyFrom(to_duration(request.give_up_after_seconds))
    if request.workload is not None:
        rendered.workload.CopyFrom(
            broker_pb2.Workload(
                model_digest=request.workload.model_digest,
                engine=request.workload.engine,
                precision=request.workload.precision,
                bucket=request.workload.bucket,
                weights_bytes=request.workload.weights_bytes,
            )
        )
    return rendered


def renewal(token: VramToken, users: Iterable[ProcessIdentity]) -> broker_pb2.RenewVramTokenRequest:
    """Render what the holder does with its token now, and which processes use the memory."""
    use, users = token.use, tuple(users)
    rendered = broker_pb2.RenewVramTokenRequest(
        token_id=token.token_id,
        epoch=token.epoch,
        users=[to_proto(user) for user in users],
        secret=token.secret,
        loading=use.is_loading,
        kept_bytes=use.kept_bytes,
    )
    if use.is_loading:
        worked_seconds = sum(cpu_seconds(user.pid) for user in users)
        rendered.load_progress = int(worked_seconds * LOAD_STEPS_PER_SECOND)
    if use.idle_since is not None:
        rendered.idle.CopyFrom(to_duration(max(0.0, time.monotonic() - use.idle_since)))
    if use.work_class is not None:
        rendered.work_class = _CLASSES[use.work_class]
    return rendered


def standing(answer: broker_pb2.RenewVramTokenResponse, asked_at: float) -> Standing:
    """Read how a token stands.

    Args:
        answer: what the broker said.
        asked_at: when it was asked, on `time.monotonic`. What is left was true later than that, so
            that a span counted from here ends too early by the length of the call, and never late.
    """
    demand = None
    if answer.HasField("demand"):
        asked = answer.demand
        demand = Demand(asked.keep_bytes, asked.cause, asked_at + to_seconds(asked.within))
    token = answer.token
    hold_left = to_seconds(token.hold_left) if token.HasField("hold_left") else None
    return Standing(
        granted_bytes=token.granted_bytes,
        is_wanted_back=answer.wanted_back,
        demand=demand,
        hold_until=None if hold_left is None else asked_at + hold_left,
        measured_bytes=token.measured_bytes if token.HasField("measured_bytes") else None,
    )
