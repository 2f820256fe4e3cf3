"""The client against a gateway that breaks off and refuses."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from brickwork_cli.gateway_client import GatewayClient
from brickwork_sdk.errors import BrickworkError, Reason

EVENTS = [
    ("stage", {"name": "ingest"}),
    ("segment", {"text": "a\nb"}),
    ("job", {"state": "completed"}),
]


class Gateway(BaseHTTPRequestHandler):
    """Breaks the stream of events off after each one, takes uploads and refuses the rest."""

    def do_GET(self) -> None:
        if self.path.endswith("/events"):
            self._send_next_event(int(self.headers.get("Last-Event-ID", "0")))
        else:
            problem = {"reason": "JOB_UNKNOWN", "detail": "No such job.", "metadata": {"job": "x"}}
            self._send(404, "application/problem+json", json.dumps(problem))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        answer = {"path": self.path, "size_bytes": len(content)}
        self._send(201, "application/json", json.dumps(answer))

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
    pauses: list[float] = []
    events = client.events("x", pauses.append)
    assert [(event.kind, event.body) for event in events] == EVENTS
    assert len(pauses) == len(EVENTS) - 1


def test_a_gateway_that_died_is_given_the_time_to_come_back() -> None:
    client = GatewayClient("http://127.0.0.1:9")
    pauses: list[float] = []
    with pytest.raises(BrickworkError) as caught:
        next(client.events("x", pauses.append))
    client.close()
    assert caught.value.reason is Reason.BRICK_UNREACHABLE
    assert sum(pauses) > 30


def test_a_recording_may_have_a_name_that_is_no_text(client: GatewayClient, tmp_path: Path) -> None:
    recording = tmp_path / os.fsdecode(b"\xff.wav")
    recording.write_bytes(b"sound")
    job = client.create_job(recording, {"summary": "true", "hot_words": ["Beleg", "á"]})
    query = "name=%EF%BF%BD.wav&summary=true&hot_words=Beleg&hot_words=%C3%A1"
    assert job == {"path": f"/v1/jobs?{query}", "size_bytes": 5}


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
