"""Errors as the rich status of gRPC, and back.

Apart from the catalogue, so that the engine process and the child that probes media load no gRPC.
Source: google.rpc.Status and google.rpc.error_details; the model of errors of Google's APIs.
"""

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from brickwork_sdk.durations import to_duration, to_seconds
from brickwork_sdk.errors import BrickworkError, Code, InvalidInput, Reason, error_of

_WITHOUT_DETAILS = {
    Code.UNAVAILABLE: Reason.BRICK_UNREACHABLE,
    Code.DEADLINE_EXCEEDED: Reason.DEADLINE_EXCEEDED,
    Code.CANCELLED: Reason.CANCELLED,
}
_REQUEST_TOO_LARGE = (
    "CLIENT: Sent message larger than max",
    "SERVER: Received message larger than max",
)
"""How gRPC says by itself that a request is too large; on either side, before anybody reads it."""


def to_status(error: BrickworkError, domain: str) -> Status:
    """Render an error as a rich status; `domain` is used unless the error has one."""
    status = Status(code=grpc.StatusCode[error.code].value[0], message=error.message)
    info = ErrorInfo(reason=error.reason, domain=error.domain or domain, metadata=error.metadata)
    status.details.append(_packed(info))
    if error.retry_after_seconds is not None:
        delay = to_duration(error.retry_after_seconds)
        status.details.append(_packed(RetryInfo(retry_delay=delay)))
    return status


def error_from_rpc(raised: grpc.RpcError) -> BrickworkError:
    """Recover the error that the other side raised.

    A status without our details is mapped by its code: UNAVAILABLE becomes
    BRICK_UNREACHABLE, a deadline DEADLINE_EXCEEDED, anything else UNEXPECTED,
    but for a request that is too large, which is ARGUMENT_INVALID.
    """
    said = raised.details() or ""
    if said.startswith(_REQUEST_TOO_LARGE):
        return InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"The request is larger than a message may be. {said}.",
            metadata={"field": "message_bytes"},
        )
    name = raised.code().name
    code = Code(name) if name in Code.__members__ else Code.INTERNAL
    reason, domain, metadata = _WITHOUT_DETAILS.get(code, Reason.UNEXPECTED), "", {}
    retry_after_seconds = None
    for detail in _details(raised):
        info, retry = ErrorInfo(), RetryInfo()
        if detail.Unpack(info) and info.reason in Reason.__members__:
            reason, domain, metadata = Reason(info.reason), info.domain, dict(info.metadata)
        elif detail.Unpack(retry):
            retry_after_seconds = to_seconds(retry.retry_delay)
    error = error_of(code, reason, said or reason.value, metadata)
    error.domain, error.retry_after_seconds = domain, retry_after_seconds
    return error


def _packed(message: ErrorInfo | RetryInfo) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed


def _details(raised: grpc.RpcError) -> list[Any]:
    try:
        status = rpc_status.from_call(raised)
    except ValueError:
        # The trailer contradicts the code: a proxy rewrote it, so the code alone counts.
        return []
    return list(status.details) if status is not None else []
