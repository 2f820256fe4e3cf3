"""A test double of an external LLM server: `python -m brickwork_sdk.testing.llm_server KIND BYTES`.

It is a process of its own, listens on loopback, and holds real memory in a child process. It
speaks just what the bricks use of the protocol of its kind, `ollama` or `vllm`.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from brickwork_sdk.testing.llm_toys import Body, Refusal
from brickwork_sdk.testing.ollama_double import OllamaDouble
from brickwork_sdk.testing.vllm_double import VllmDouble


@dataclass(frozen=True)
class LlmServerProcess:
    """A server that runs.

    Attributes:
        pid: of its main process.
        address: where it listens, `http://127.0.0.1:port`.
    """

    pid: int
    address: str


@contextlib.contextmanager
def llm_server(kind: str, model_bytes: int, api_key: str = "") -> Iterator[LlmServerProcess]:
    """Run a server while the context lasts; without `api_key` it asks for none."""
    command = [sys.executable, "-m", __name__, kind, str(model_bytes), api_key]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield LlmServerProcess(server.pid, f"http://127.0.0.1:{port}")
    finally:
        server.kill()  # what it started sees the end of its input
        server.communicate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, double: OllamaDouble | VllmDouble, api_key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double
        self.api_key = api_key
        self.left_count = 0


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to the double; an answer without a length ends with its connection."""

    server: _Server

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer a request with a body."""
        length = int(self.headers.get("Content-Length") or 0)
        self._answer(json.loads(self.rfile.read(length) or b"{}"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, body: Body) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        try:
            if address.path == "/double/left":
                self._send(200, [json.dumps({"left_count": self.server.left_count})])
                return
            key = self.server.api_key
            if key and self.headers.get("Authorization") != f"Bearer {key}":
                raise Refusal(401, "Unauthorized")
            answer = self.server.double.answer(address.path, query, body)
            self._send(200, [json.dumps(answer)] if isinstance(answer, dict) else answer)
        except Refusal as refusal:
            self._send(refusal.status, [json.dumps({"error": str(refusal)})], refusal.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left_count += 1

    def _send(self, status: int, lines: Iterable[str], headers: Body | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        for line in lines:
            self.wfile.write(f"{line}\n".encode())


def main() -> None:
    """Serve until killed; the first line of output is the port."""
    kind, model_bytes, api_key = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    double = OllamaDouble(model_bytes) if kind == "ollama" else VllmDouble(model_bytes)
    server = _Server(double, api_key)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
