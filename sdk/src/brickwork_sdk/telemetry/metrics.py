"""What a process counts and measures, for Prometheus."""

from prometheus_client import Counter, Histogram, start_http_server

from brickwork_sdk.addresses import reserved, split_host_and_port

RPC_SECONDS = Histogram(
    "brickwork_rpc_seconds",
    "How long calls took, streams to their end.",
    ["rpc"],
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800, 7200),
)
RPC_TOTAL = Counter("brickwork_rpc_total", "Calls that ended, by gRPC code.", ["rpc", "code"])


def serve_metrics(address: str) -> None:
    """Serve the metrics of this process over HTTP, from a thread of its own.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        NotPossible: ADDRESS_TAKEN.
    """
    host, port = split_host_and_port(address)
    with reserved(address):
        start_http_server(port, host)
