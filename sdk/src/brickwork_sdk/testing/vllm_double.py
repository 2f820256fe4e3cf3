"""What vLLM does with a model, as far as a test needs it.

Source: vLLM, docs/features/sleep_mode.md, and its OpenAI-compatible server; 2026.
"""

import json
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


class VllmDouble:
    """Has its model from the start, in a child that lives on while it sleeps."""

    def __init__(self, model_bytes: int) -> None:
        self._model_bytes = model_bytes
        self._core = Runner()
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
                return {"count": word_count(body), "max_model_len": CONTEXT_TOKEN_COUNT}
            case "/v1/chat/completions":
                return self._chunks(body)
        raise Refusal(404, "Not Found")

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
            raise Refusal(500, "the engine sleeps")
        if body["model"] == "toy-large":
            raise Refusal(500, "CUDA out of memory.")
        refuse_if_busy(body["model"])
        return self._events(body)

    def _events(self, body: Body) -> Iterator[str]:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        words, is_cut = answer_words(body, body["max_tokens"], schema)
        written = 0
        if body["model"] in SPOILT:
            yield from (f"data: {line}" for line in SPOILT[body["model"]]())
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
        counts = {"prompt_tokens": word_count(body), "completion_tokens": written}
        yield _event({"choices": [], "usage": counts})
        yield "data: [DONE]\n"


def _event(chunk: Body) -> str:
    return f"data: {json.dumps(chunk)}\n"
