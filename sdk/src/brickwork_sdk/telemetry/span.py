"""The trace that the current call belongs to."""

from opentelemetry import trace


def trace_id() -> str | None:
    """Return the id of the current trace, 32 hexadecimal digits; None outside of one."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def mark_failed(reason: str) -> None:
    """Note on the current span why its call failed."""
    span = trace.get_current_span()
    span.set_attribute("brickwork.reason", reason)
    span.set_status(trace.StatusCode.ERROR, reason)
