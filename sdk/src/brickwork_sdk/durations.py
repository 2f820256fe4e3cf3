"""Spans of time between the wire's Duration and plain seconds."""

from google.protobuf.duration_pb2 import Duration


def to_duration(seconds: float) -> Duration:
    """Render seconds for the wire, to the nanosecond."""
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration


def to_seconds(duration: Duration) -> float:
    """Read seconds from the wire."""
    return float(duration.ToNanoseconds() / 1e9)
