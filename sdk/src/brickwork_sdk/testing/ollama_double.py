"""What Ollama does with a model, as far as a test needs it.

A runner is started for a model and killed when that is unloaded.

Source: Ollama, docs/api.md, api/types.go and server/routes.go; 2026.
"""

import json
import threading
from collections.abc import Iterator

from brickwork_sdk.testing.llm_runner import Runner
from brickwork_sdk.testing.llm_toys import (
    CONTEXT_TOKEN_COUNT,
    MODELS,
    SPOILT,
    Answer,
    Body,
    Refusal,
    answer_words,
    refuse_if_busy,
    word_count,
)


class OllamaDouble:
    """Loads a model into a runner when it is asked for, and ends that when it is to go."""

    def __init__(self, model_bytes: int) -> None:
        self._model_bytes = model_bytes
        self._lock = threading.RLock()
        self._model = ""
        self._runner: Runner | None = None
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
        raise Refusal(404, "page not found")

    def _chat(self, body: Body) -> Iterator[str]:
        count = word_count(body)
        if count > CONTEXT_TOKEN_COUNT:
            assert body["truncate"] is False, "a conversation is not to be cut off"
            raise Refusal(400, "the prompt is longer than the context length")
        refuse_if_busy(self._model)
        words, is_cut = answer_words(body, body["options"]["num_predict"], body.get("format"))
        return self._pieces(words, is_cut, count)

    def _pieces(self, words: Iterator[str], is_cut: bool, count: int) -> Iterator[str]:
        written = 0
        if self._model in SPOILT:
            yield from SPOILT[self._model]()
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
            raise Refusal(404, f"model {name!r} not found, try pulling it first")
        if model == "toy-large":
            raise Refusal(500, "llama-server: cudaMalloc failed: out of memory")
        with self._lock:
            self._end.cancel()
            if self._runner is None or self._model != model:
                self._unload()
                self._runner, self._model = Runner(), model
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
