"""Traces and metrics; the only module that knows OpenTelemetry and Prometheus.

The interceptors of OpenTelemetry for gRPC are still 0.x: whatever changes in
them is mended here.
"""

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Histogram, start_http_server

from brickwork_sdk.addresses import reserved, split_host_and_port

RPC_SECONDS = Histogram(
    "brickwork_rpc_seconds",
    "How long calls took, streams to their end.",
    ["rpc"],
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800, 7200),
)
RPC_TOTAL = Counter("brickwork_rpc_total", "Calls that ended, by gRPC code.", ["rpc", "code"])

INFRASTRUCTURE = "/grpc."
"""Health and reflection: polled all the time, and they answer for themselves."""


def start_tracing(service: str, otlp_endpoint: str) -> None:
    """Give every call a trace; send traces only where an endpoint is named."""
    provider = TracerProvider(resource=Resource({SERVICE_NAME: f"brickwork-{service}"}))
    if otlp_endpoint:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def serve_metrics(address: str) -> None:
    """Serve the metrics of this process over HTTP, from a thread of its own.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        NotPossible: ADDRESS_TAKEN.
    """
    host, port = split_host_and_port(address)
    with reserved(address):
        start_http_server(port, host)


def server_interceptors() -> Sequence[grpc.aio.ServerInterceptor]:
    """Return what traces the calls of a server."""
    return [aio_server_interceptor(filter_=_is_traced)]  # type: ignore[no-untyped-call]


def client_interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """Return what carries a trace on to the next server."""
    return list(aio_client_interceptors())  # type: ignore[no-untyped-call]


def trace_id() -> str | None:
    """Return the id of the current trace, 32 hexadecimal digits; None outside of one."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def mark_failed(reason: str) -> None:
    """Note on the current span why its call failed."""
    span = trace.get_current_span()
    span.set_attribute("brickwork.reason", reason)
    span.set_status(trace.StatusCode.ERROR, reason)


def _is_traced(details: Any) -> bool:
    return not str(details.method).startswith(INFRASTRUCTURE)
