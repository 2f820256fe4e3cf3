"""What client and renewal say to the broker in the same way."""

import grpc

from brickwork.broker.v1alpha1 import broker_pb2
from brickwork_sdk.errors import BrickworkError, Busy, Reason
from brickwork_sdk.processes import ProcessIdentity
from brickwork_sdk.rich_status import error_from_rpc

_AWAY = (Reason.BRICK_UNREACHABLE, Reason.DEADLINE_EXCEEDED, Reason.CANCELLED)
"""CANCELLED is what gRPC says of a call that arrived just as the broker stopped."""


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
