"""The trace that the current work belongs to, and the spans that we make ourselves.

A span never holds content: no text of an exception and no event, only names, sizes and times. What
its attributes are called and mean is in `docs/reference/spans.md`.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from brickwork_sdk.errors import BrickworkError

__all__ = [
    "SpanKind",
    "Value",
    "begin_call",
    "current",
    "mark_failed",
    "past_span",
    "span",
    "trace_id",
    "traceparent",
]

Value = str | int | float
_W3C = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("brickwork")


def trace_id() -> str | None:
    """Return the id of the current trace, 32 hexadecimal digits; None outside of one."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else None


def traceparent() -> str:
    """Return the current span in the form that crosses borders; empty outside of a trace.

    Source: W3C Trace Context, section 3.2 (traceparent header).
    """
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


def current() -> context.Context:
    """Return where the current work stands in its trace, for `past_span`."""
    return context.get_current()


def mark_failed(reason: str) -> None:
    """Note on the current span why its work failed."""
    found = trace.get_current_span()
    found.set_attribute("brickwork.reason", reason)
    found.set_status(trace.StatusCode.ERROR, reason)


def begin_call(rpc: str, metadata: Iterable[tuple[str, str | bytes]]) -> trace.Span:
    """Begin the span of a call that is served; it is current to the end of the task.

    It goes on with the trace that the caller names, and begins one where none is named.

    Args:
        rpc: full name of the method, such as `/brickwork.asr.v1.AsrService/Transcribe`.
        metadata: what came with the call.
    """
    above = _W3C.extract({key: str(value) for key, value in metadata if key in _W3C.fields})
    _, service, method = rpc.split("/")
    attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
    span = _TRACER.start_span(rpc, above, SpanKind.SERVER, attributes)
    context.attach(trace.set_span_in_context(span, above))
    return span


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: str | None = None,
    attributes: dict[str, Value] | None = None,
) -> Iterator[trace.Span]:
    """Make what happens inside a span, failed when an error comes out of it.

    Args:
        name: what is done; one of few names.
        kind: on which side of which border it is.
        parent: a traceparent from elsewhere; None goes on with the current span, and one that
            is empty or cannot be read begins a new trace.
        attributes: what is known at its beginning.
    """
    above = None
    if parent is not None:
        above = _W3C.extract({"traceparent": parent}, context=context.Context())
    with _TRACER.start_as_current_span(
        name, above, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BrickworkError as error:
            mark_failed(error.reason)
            raise
        except Exception as error:
            # Only the type: the text of a foreign exception may quote content.
            made.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def past_span(
    name: str,
    began_seconds: float,
    ended_seconds: float,
    parent: context.Context,
    attributes: dict[str, Value],
) -> None:
    """Record a span that is over, by `time.monotonic`, which all processes of a machine share."""
    since_epoch_ns = time.time_ns() - time.monotonic_ns()
    made = _TRACER.start_span(
        name, parent, attributes=attributes, start_time=since_epoch_ns + round(began_seconds * 1e9)
    )
    made.end(since_epoch_ns + round(ended_seconds * 1e9))
