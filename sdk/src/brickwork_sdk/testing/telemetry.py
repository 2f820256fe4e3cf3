"""What a process tells of itself, where a test can look at it."""

import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SpanName = tuple[str, str]
"""The service that made a span, and the span's name."""


class OtlpSink(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans over OTLP and keeps them, as a collector would.

    Attributes:
        address: what `otlp_endpoint` is to be.
    """

    def __init__(self) -> None:
        self.address = ""
        self._spans: list[tuple[str, trace_pb2.Span]] = []
        self._changed = threading.Condition()

    def Export(self, request: Any, context: Any) -> Any:
        """Keep what was sent."""
        with self._changed:
            for group in request.resource_spans:
                service = group.resource.attributes[0].value.string_value
                for scope in group.scope_spans:
                    self._spans += [(service, span) for span in scope.spans]
            self._changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(
        self, trace_id: str, until: set[SpanName], timeout_seconds: float
    ) -> dict[SpanName, trace_pb2.Span]:
        """Return the spans of a trace by service and name, once all of these have come.

        Of several spans of one name the last to come is returned.

        Raises:
            TimeoutError: some have not come; it names them.
        """
        with self._changed:
            have_come = self._changed.wait_for(
                lambda: until <= self._named(trace_id).keys(), timeout_seconds
            )
            found = self._named(trace_id)
        if not have_come:
            raise TimeoutError(f"{until - found.keys()} did not come, but {found.keys()}")
        return found

    def everything(self) -> str:
        """Return every span that came, as text."""
        with self._changed:
            return "\n".join(f"{service} {span}" for service, span in self._spans)

    def _named(self, trace_id: str) -> dict[SpanName, trace_pb2.Span]:
        return {
            (service, span.name): span
            for service, span in self._spans
            if span.trace_id.hex() == trace_id
        }


@contextmanager
def otlp_sink() -> Iterator[OtlpSink]:
    """Serve a sink on loopback."""
    sink = OtlpSink()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    register: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    register(sink, server)
    sink.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield sink
    finally:
        server.stop(None).wait()


@contextmanager
def recorded_spans() -> Iterator[InMemorySpanExporter]:
    """Record the spans that this process makes meanwhile."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    try:
        yield exporter
    finally:
        exporter.shutdown()
