"""The client against a gateway that breaks off and refuses."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from brickwork_cli.gateway_client import GatewayClient
from brickwork_sdk.errors import BrickworkError, Reason

EVENTS = [
    ("stage", {"name": "ingest"}),
    ("segment", {"text": "a\nb"}),
    ("job", {"state": "completed"}),
]


class Gateway(BaseHTTPRequestHandler):
    """Breaks the stream of events off after each one, and refuses everything else."""

    def do_GET(self) -> None:
        if self.path.endswith("/events"):
            self._send_next_event(int(self.headers.get("Last-Event-ID", "0")))
        else:
            problem = {"reason": "JOB_UNKNOWN", "detail": "No such job.", "metadata": {"job": "x"}}
            self._send(404, "application/problem+json", json.dumps(problem))

    def _send_next_event(self, last: int) -> None:
        kind, body = EVENTS[last]
        text = f": heartbeat\n\nid: {last + 1}\nevent: {kind}\ndata: {json.dumps(body)}\n\n"
        # One byte more is promised than comes: the connection breaks in mid-stream.
        self._send(200, "text/event-stream", text, missing=1)

    def _send(self, status: int, media_type: str, text: str, missing: int = 0) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content) + missing))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def client() -> Iterator[GatewayClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = GatewayClient(f"http://127.0.0.1:{server.server_port}")
    yield client
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_broken_stream_is_taken_up_after_the_last_event(client: GatewayClient) -> None:
    assert [(event.kind, event.body) for event in client.events("x")] == EVENTS


def test_a_problem_becomes_its_error(client: GatewayClient) -> None:
    with pytest.raises(BrickworkError) as caught:
        client.job("x")
    assert caught.value.reason is Reason.JOB_UNKNOWN
    assert caught.value.metadata == {"job": "x"}


def test_nobody_there_is_a_clear_error() -> None:
    client = GatewayClient("http://127.0.0.1:9")
    with pytest.raises(BrickworkError) as caught:
        client.jobs()
    client.close()
    assert caught.value.reason is Reason.BRICK_UNREACHABLE
