"""Channels to other processes of the mesh."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import grpc
import grpc.aio

from brickwork_sdk.caller import Caller, current_caller
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.targets import target_of
from brickwork_sdk.telemetry import tracing

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Largest message: a chunk or an inline medium has 1 MiB at most, texts too."""

RECONNECT_SECONDS_MAX = 2.0
"""Longest pause until a channel looks again for a server that was away."""

_SERVICE_CONFIG = {
    # Calls go to all replicas in turn, and to none that says it is leaving.
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": ""},
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    # A server that is frozen, or gone with its machine, is noticed although nothing is being sent:
    # a call is asked about after 10 s of silence, without end, and given up 10 s later.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Processes of the mesh are restarted within a second; gRPC would wait up to two minutes.
    # A frozen one takes a connection and says nothing; the next attempt finds its successor.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", round(RECONNECT_SECONDS_MAX * 1000)),
    # A replica that comes back elsewhere is found as soon; gRPC would ask DNS twice a minute.
    ("grpc.dns_min_time_between_resolutions_ms", 2_000),
)


def open_channel(address: str, caller: Caller | None = None) -> grpc.aio.Channel:
    """Open a channel that says on whose behalf it calls.

    A call that ends with UNAVAILABLE before its first answer is repeated up to
    three times with growing delays, on another replica where there is one; nothing
    else is. Every call still needs a deadline of its own.

    Args:
        address: `unix:/path` or `host:port`, or those of several replicas; see `targets`.
        caller: on whose behalf; None takes the caller of the RPC being served.

    Raises:
        InvalidInput: ADDRESS_INVALID.
    """
    named = _with_caller(caller)
    return grpc.aio.insecure_channel(
        target_of(address),
        options=OPTIONS,
        interceptors=[
            *tracing.client_interceptors(),
            _UnaryUnary(named),
            _UnaryStream(named),
            _StreamUnary(named),
            _StreamStream(named),
        ],
    )


@contextmanager
def rpc_errors(service: str) -> Iterator[None]:
    """Turn what gRPC raises inside into the error that the other side meant.

    Args:
        service: who is called, such as `asr`; named when it did not answer itself.

    Raises:
        BrickworkError: BRICK_UNREACHABLE when nobody answers, or any other reason.
    """
    try:
        yield
    except grpc.RpcError as raised:
        error = error_from_rpc(raised)
        error.domain = error.domain or f"{service}.brickwork"
        if error.reason is Reason.BRICK_UNREACHABLE:
            error.message = f"The service {service} does not answer."
            error.metadata.setdefault("service", service)
        raise error from raised


Details = grpc.aio.ClientCallDetails
Named = Callable[[Details], Details]


def _with_caller(caller: Caller | None) -> Named:
    def named(details: Details) -> Details:
        given = tuple(details.metadata or ())
        keys = {key for key, _ in given}
        who = (caller or current_caller.get()).to_metadata()
        return grpc.aio.ClientCallDetails(
            details.method,
            details.timeout,
            grpc.aio.Metadata(*given, *(pair for pair in who if pair[0] not in keys)),
            details.credentials,
            details.wait_for_ready,
        )

    return named


class _Interceptor:
    def __init__(self, named: Named) -> None:
        self._named = named


# One class for each kind of call: gRPC registers an interceptor for one kind only.
class _UnaryUnary(_Interceptor, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = await continuation(self._named(details), request)
        # The interceptor of the traces, which stands around this one, waits for the call to end
        # and does not pass on that its caller has left; waiting here does.
        with suppress(grpc.RpcError):
            await call
        return call


class _UnaryStream(_Interceptor, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._named(details), request)


class _StreamUnary(_Interceptor, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._named(details), requests)


class _StreamStream(_Interceptor, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._named(details), requests)
