"""Traces from caller to server and on to the next.

The interceptors of OpenTelemetry for gRPC are still 0.x: whatever changes in
them is mended here.
"""

from collections.abc import Sequence
from typing import Any

import grpc.aio
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider

INFRASTRUCTURE = "/grpc."
"""Health and reflection: polled all the time, and they answer for themselves."""


def start_tracing(service: str, otlp_endpoint: str) -> None:
    """Give every call a trace; send traces only where an endpoint is named."""
    provider = TracerProvider(resource=Resource({SERVICE_NAME: f"brickwork-{service}"}))
    if otlp_endpoint:
        # Imported here: the exporter takes a sixth of a second to import, and few processes send.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def server_interceptors() -> Sequence[grpc.aio.ServerInterceptor]:
    """Return what traces the calls of a server."""
    return [aio_server_interceptor(filter_=_is_traced)]  # type: ignore[no-untyped-call]


def client_interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """Return what carries a trace on to the next server."""
    return list(aio_client_interceptors())  # type: ignore[no-untyped-call]


def _is_traced(details: Any) -> bool:
    return not str(details.method).startswith(INFRASTRUCTURE)
