"""Traces from caller to server and on to the next.

The interceptors of OpenTelemetry for gRPC are still 0.x: whatever changes in
them is mended here. Only callers have theirs: of a call that is served the border makes
the span (ADR 72).
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc.aio
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import aio_client_interceptors
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON

INFRASTRUCTURE = "/grpc."
"""Health and reflection: polled all the time, and they answer for themselves."""
SEND_EVERY_SECONDS = 1
EXPORT_SECONDS_MAX = 5
FLUSH_SECONDS_MAX = 1.0
"""How long the end of a process may wait for the sink."""


@contextmanager
def traced(service: str, otlp_endpoint: str) -> Iterator[None]:
    """Give every call of this process a trace; send traces only where an endpoint is named.

    Sending waits in a thread of its own with a queue of bounded length, so that a sink that is
    slow or away costs spans and no work.
    """
    provider = TracerProvider(
        resource=Resource({SERVICE_NAME: f"brickwork-{service}"}),
        # Events hold the texts of exceptions, and those may quote content; we make none.
        span_limits=SpanLimits(max_events=0),
        # Nobody would read what is recorded; ids are given and passed on all the same.
        sampler=DEFAULT_ON if otlp_endpoint else ALWAYS_OFF,
        shutdown_on_exit=False,
    )
    trace.set_tracer_provider(provider)
    if not otlp_endpoint:
        yield
        return
    # Imported here: the exporter takes a sixth of a second to import, and few processes send.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=otlp_endpoint, timeout=EXPORT_SECONDS_MAX)
    processor = BatchSpanProcessor(exporter, schedule_delay_millis=SEND_EVERY_SECONDS * 1000)
    provider.add_span_processor(processor)
    try:
        yield
    finally:
        # What is left goes out now if it can; a sink that does not take it must not hold us.
        giving_up = threading.Timer(FLUSH_SECONDS_MAX, exporter.shutdown)
        giving_up.daemon = True
        giving_up.start()
        provider.shutdown()
        giving_up.cancel()


def client_interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """Return what carries a trace on to the next server."""
    return list(aio_client_interceptors())  # type: ignore[no-untyped-call]
