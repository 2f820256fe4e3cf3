"""What every process counts and measures, for Prometheus; the only home of these names.

Each dist has a `metrics.py` for what only it knows. The rules of names and labels are in
`docs/adr/0043-metrics-and-labels.md`, the list of all in `docs/reference/metrics.md`.
"""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from brickwork_sdk.addresses import reserved, split_host_and_port

__all__ = ["CALL_BUCKETS", "WORK_BUCKETS", "Counter", "Gauge", "Histogram", "serve_metrics"]

CALL_BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800, 7200)
"""Seconds of calls, of which some end at once and some work through a recording."""
WORK_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
"""Seconds of waits and of loads."""

RPC_SECONDS = Histogram(
    "brickwork_rpc_seconds",
    "How long calls took, streams to their end.",
    ["rpc"],
    buckets=CALL_BUCKETS,
)
RPC_TOTAL = Counter("brickwork_rpc_total", "Calls that ended, by gRPC code.", ["rpc", "code"])
RPC_ERRORS = Counter(
    "brickwork_rpc_errors_total",
    "Calls that ended with an error, by its reason.",
    ["rpc", "reason"],
)
FIRST_ANSWER_SECONDS = Histogram(
    "brickwork_engine_first_answer_seconds",
    "From a call to the first answer of its engine, waiting and loading included.",
    ["model"],
    buckets=WORK_BUCKETS,
)
ENGINE_SECONDS = Counter(
    "brickwork_engine_compute_seconds_total", "Time that engines spent computing.", ["model"]
)
MEDIA_SECONDS = Counter(
    "brickwork_media_seconds_total",
    "Length of what was worked through of recordings, sound or pictures.",
    ["model"],
)
ENGINE_CALLS = Gauge(
    "brickwork_engine_calls",
    "Calls on a model now, running or waiting for it.",
    ["model", "state"],
    registry=None,
)
ENGINE_RESIDENT_BYTES = Gauge(
    "brickwork_engine_resident_memory_bytes",
    "Resident memory of the engine process of a loaded model.",
    ["model"],
    registry=None,
)
MODEL_GRANTED_BYTES = Gauge(
    "brickwork_model_granted_bytes",
    "Memory that the token of a model grants; 0 while it has none.",
    ["model"],
    registry=None,
)
MODEL_GAUGES = (ENGINE_CALLS, ENGINE_RESIDENT_BYTES, MODEL_GRANTED_BYTES)
LOAD_CAUSES = (
    *("first", "idle", "evicted", "revoked", "asked"),
    *("token_lost", "engine_died", "over_budget", "load_failed", "worn"),
)
"""Why a model that is loaded was not there: what became of it the time before. It was evicted when
its memory was asked back while it was idle, and revoked when that ended calls or a load; it was
worn when its engine had served its calls, or kept too much of their memory."""
MODEL_LOADS = Counter(
    "brickwork_model_loads_total",
    f"Loads of a model, by why it was not there: {', '.join(LOAD_CAUSES)}.",
    ["model", "cause"],
)
MODEL_LOAD_SECONDS = Histogram(
    "brickwork_model_load_seconds",
    "How long the load of a model took, from its token to ready.",
    ["model"],
    buckets=WORK_BUCKETS,
)


def serve_metrics(address: str) -> None:
    """Serve the metrics of this process over HTTP, from a thread of its own.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        NotPossible: ADDRESS_TAKEN.
    """
    host, port = split_host_and_port(address)
    with reserved(address):
        start_http_server(port, host)
