"""A test double of an external LLM server: `python -m brickwork_sdk.testing.llm_server KIND BYTES`.

It is a process of its own, listens on loopback, and holds real memory in a child process: as
`ollama` in a runner that is started for a model and killed when it is unloaded, as `vllm` in one
that lives as long as the server and lets its memory go while it sleeps. It speaks just what the
bricks use of the two protocols.

Source: Ollama, docs/api.md, api/types.go and server/routes.go; vLLM, docs/features/sleep_mode.md,
and its OpenAI-compatible server; all of 2026.

Models, by their names: `toy` repeats the words of the last message. `toy-slow` repeats the first
word for ever. `toy-silent` says it once, and then nothing for ever. `toy-large` finds no memory.
`toy-nonsense` answers what is no answer. `toy-flood` answers one line without an end. `toy-mute`
answers and tells no usage. `toy-busy` has too much to do for `BUSY_SECONDS`. An answer by a schema
is that schema. A conversation of more than `CONTEXT_TOKEN_COUNT` words is too long.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONTEXT_TOKEN_COUNT = 64
MODELS = (
    "toy",
    "toy-slow",
    "toy-large",
    "toy-nonsense",
    "toy-flood",
    "toy-mute",
    "toy-busy",
    "toy-silent",
)
SLOW_SECONDS = 0.02
BUSY_SECONDS = 7

Body = dict[str, Any]
Answer = Body | Iterator[str]
"""One JSON object, or the lines of a stream."""


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


class _Runner:
    """A child that holds memory."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "brickwork_sdk.testing.llm_runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hold(self, size_bytes: int) -> None:
        """Hold so much from now on; return once it is so."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{size_bytes}\n")
        self._child.stdin.flush()
        self._child.stdout.readline()

    def kill(self) -> None:
        """End it; return once it is reaped."""
        self._child.kill()
        self._child.communicate()


class _Refusal(Exception):
    """What is answered instead."""

    def __init__(self, status: int, message: str, headers: Body | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


class _Ollama:
    """Loads a model into a runner when it is asked for, and ends that when it is to go."""

    def __init__(self, model_bytes: int) -> None:
        self._model_bytes = model_bytes
        self._lock = threading.RLock()
        self._model = ""
        self._runner: _Runner | None = None
        self._end = threading.Timer(0, self._unload)

    def answer(self, path: str, query: Body, body: Body) -> Answer:
        """Answer one request."""
        match path:
            case "/api/version":
                return {"version": "0.0.0-double"}
            case "/api/tags":
                sizes = {"size": self._model_bytes, "digest": "ab" * 32}
                return {"models": [{"name": f"{name}:latest", **sizes} for name in MODELS]}
            case "/api/ps":
                loaded = {"name": f"{self._model}:latest", "context_length": CONTEXT_TOKEN_COUNT}
                about = {"details": {"quantization_level": "Q4_0"}}
                return {"models": [{**loaded, **about}] if self._runner else []}
            case "/api/generate":
                if body["keep_alive"] == 0:
                    self._unload()
                else:
                    self._load(body["model"], body["keep_alive"])
                return {"done": True}
            case "/api/chat":
                self._load(body["model"], body["keep_alive"])
                return self._chat(body)
        raise _Refusal(404, "page not found")

    def _chat(self, body: Body) -> Iterator[str]:
        count = _word_count(body)
        if count > CONTEXT_TOKEN_COUNT:
            assert body["truncate"] is False, "a conversation is not to be cut off"
            raise _Refusal(400, "the prompt is longer than the context length")
        _refuse_if_busy(self._model)
        words, is_cut = _answer_words(body, body["options"]["num_predict"], body.get("format"))
        return self._pieces(words, is_cut, count)

    def _pieces(self, words: Iterator[str], is_cut: bool, count: int) -> Iterator[str]:
        written = 0
        if self._model in _SPOILT:
            yield from _SPOILT[self._model]()
            return
        for word in words:
            written += 1
            yield json.dumps({"message": {"role": "assistant", "content": word}, "done": False})
        if self._model == "toy-mute":
            return
        ending = {"done": True, "done_reason": "length" if is_cut else "stop"}
        yield json.dumps({**ending, "prompt_eval_count": count, "eval_count": written})

    def _load(self, name: str, keep_alive_seconds: int) -> None:
        model = name.removesuffix(":latest")
        if model not in MODELS:
            raise _Refusal(404, f"model {name!r} not found, try pulling it first")
        if model == "toy-large":
            raise _Refusal(500, "llama-server: cudaMalloc failed: out of memory")
        with self._lock:
            self._end.cancel()
            if self._runner is None or self._model != model:
                self._unload()
                self._runner, self._model = _Runner(), model
                self._runner.hold(self._model_bytes)
            self._end = threading.Timer(keep_alive_seconds, self._unload)
            self._end.daemon = True
            self._end.start()

    def _unload(self) -> None:
        with self._lock:
            self._end.cancel()
            if self._runner is not None:
                self._runner.kill()
                self._runner = None


class _Vllm:
    """Has its model from the start, in a child that lives on while it sleeps."""

    def __init__(self, model_bytes: int) -> None:
        self._model_bytes = model_bytes
        self._core = _Runner()
        self._is_sleeping = False
        self._lacks: set[str] = set()
        self._core.hold(model_bytes)

    def answer(self, path: str, query: Body, body: Body) -> Answer:
        """Answer one request."""
        match path:
            case "/version":
                return {"version": "0.0.0-double"}
            case "/v1/models":
                return {"data": [{"id": name} for name in MODELS]}
            case "/is_sleeping":
                return {"is_sleeping": self._is_sleeping}
            case "/sleep":
                return self._sleep(query["level"])
            case "/wake_up":
                self._lacks -= {query["tags"]} if "tags" in query else {"weights", "kv_cache"}
                return self._wake()
            case "/collective_rpc":
                assert body == {"method": "reload_weights"}
                self._lacks -= {"content"}
                return self._wake()
            case "/tokenize":
                return {"count": _word_count(body), "max_model_len": CONTEXT_TOKEN_COUNT}
            case "/v1/chat/completions":
                return self._chunks(body)
        raise _Refusal(404, "Not Found")

    def _sleep(self, level: str) -> Body:
        self._lacks = {"weights", "kv_cache"} | ({"content"} if level == "2" else set())
        self._is_sleeping = True
        self._core.hold(0)
        return {}

    def _wake(self) -> Body:
        if not self._lacks:
            self._is_sleeping = False
            self._core.hold(self._model_bytes)
        return {}

    def _chunks(self, body: Body) -> Iterator[str]:
        if self._lacks:
            raise _Refusal(500, "the engine sleeps")
        if body["model"] == "toy-large":
            raise _Refusal(500, "CUDA out of memory.")
        _refuse_if_busy(body["model"])
        return self._events(body)

    def _events(self, body: Body) -> Iterator[str]:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        words, is_cut = _answer_words(body, body["max_tokens"], schema)
        written = 0
        if body["model"] in _SPOILT:
            yield from (f"data: {line}" for line in _SPOILT[body["model"]]())
            return
        yield ": a comment keeps the line alive\n"
        for word in words:
            written += 1
            yield _event({"choices": [{"delta": {"content": word}, "finish_reason": None}]})
        reason = "length" if is_cut else "stop"
        yield _event({"choices": [{"delta": {}, "finish_reason": reason}]})
        if body["model"] == "toy-mute":
            yield "data: [DONE]\n"
            return
        counts = {"prompt_tokens": _word_count(body), "completion_tokens": written}
        yield _event({"choices": [], "usage": counts})
        yield "data: [DONE]\n"


def _event(chunk: Body) -> str:
    return f"data: {json.dumps(chunk)}\n"


def _word_count(body: Body) -> int:
    return sum(len(message["content"].split()) for message in body["messages"])


def _refuse_if_busy(model: str) -> None:
    if model == "toy-busy":
        raise _Refusal(429, "too many requests", {"Retry-After": str(BUSY_SECONDS)})


def _answer_words(body: Body, count_max: int, schema: Body | None) -> tuple[Iterator[str], bool]:
    """Return the words of the answer, and whether it is cut off by its limit."""
    words = body["messages"][-1]["content"].split()
    if schema is not None:
        words = json.dumps(schema).split()
    if body["model"].removesuffix(":latest") == "toy-slow":
        return _for_ever(words[0]), False
    if body["model"].removesuffix(":latest") == "toy-silent":
        return _silent(words[0]), False
    return iter([f"{word} " for word in words[:count_max]]), len(words) > count_max


def _silent(word: str) -> Iterator[str]:
    yield word
    threading.Event().wait()


def _for_ever(word: str) -> Iterator[str]:
    while True:
        time.sleep(SLOW_SECONDS)
        yield word


def _nonsense() -> Iterator[str]:
    yield "<html>"


def _flood() -> Iterator[str]:
    yield "x" * (20 * 1024 * 1024)


_SPOILT = {"toy-nonsense": _nonsense, "toy-flood": _flood}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, double: _Ollama | _Vllm, api_key: str) -> None:
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
                raise _Refusal(401, "Unauthorized")
            answer = self.server.double.answer(address.path, query, body)
            self._send(200, [json.dumps(answer)] if isinstance(answer, dict) else answer)
        except _Refusal as refusal:
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
    double = _Ollama(model_bytes) if kind == "ollama" else _Vllm(model_bytes)
    server = _Server(double, api_key)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
