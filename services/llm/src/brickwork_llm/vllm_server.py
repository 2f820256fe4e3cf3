"""A vLLM server: it sleeps, and its processes live on.

It must run with `--enable-sleep-mode` and `VLLM_SERVER_DEV_MODE=1`.
Source: vLLM, docs/features/sleep_mode.md, of 2026; its OpenAI-compatible server (chat completions,
models, and its own `/tokenize` and `/version`).
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator

from pydantic import BaseModel, NonNegativeInt

from brickwork_llm.context import check_context
from brickwork_llm.engine import FinishReason, GenerateRequest, TextDelta, Usage
from brickwork_llm.server_http import ServerHttp
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import BrickworkError, NotFound, NotPossible, Reason
from brickwork_sdk.models import ModelFile

LOOK_SECONDS = 0.1
_DATA = "data:"
_END = "[DONE]"


class _Version(BaseModel):
    version: str


class _Sleep(BaseModel):
    is_sleeping: bool


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


class _Tokens(BaseModel):
    count: NonNegativeInt
    max_model_len: NonNegativeInt


class _Delta(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Counts(BaseModel):
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt = 0


class _Failure(BaseModel):
    message: str = ""
    code: int = 500


class _Chunk(BaseModel):
    """An event of an answer: a piece of it, its counts, or what went wrong."""

    error: _Failure | None = None
    choices: list[_Choice] = []
    usage: _Counts | None = None


class VllmServer:
    """Speaks OpenAI's protocol for text, and vLLM's own for sleep."""

    outlives_its_memory = True
    give_back_seconds = 60.0

    def __init__(self, place: ServerPlace) -> None:
        self._http = ServerHttp(place)
        self._model = place.model
        self._sleep_level = place.sleep_level

    async def weights(self) -> ModelFile:
        """See that the server serves the model; it tells no size and no digest."""
        models = await self._http.ask("GET", "/v1/models", _Models)
        if self._model not in {one.id for one in models.data}:
            raise NotFound(
                Reason.MODEL_MISSING,
                f"The vLLM server does not serve the model {self._model!r}.",
                metadata={"model": self._model},
            )
        named = hashlib.sha256(f"vllm {self._model}".encode()).hexdigest()
        return ModelFile(path="weights", sha256=named, size_bytes=0)

    async def load(self) -> None:
        """Wake the server; see `LlmServer`."""
        if not await self._is_asleep():
            return
        if self._sleep_level == 1:
            await self._http.tell("/wake_up")
        else:
            await self._http.tell("/wake_up?tags=weights")
            await self._http.tell("/collective_rpc", {"method": "reload_weights"})
            await self._http.tell("/wake_up?tags=kv_cache")

    async def describe(self) -> EngineDescription:
        """Tell the server's version; it says nothing of precision."""
        version = await self._http.ask("GET", "/version", _Version)
        return EngineDescription(f"vllm {version.version}", "", "server")

    async def stay(self) -> None:
        """Do nothing: it stays awake until it is told to sleep."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TextDelta | Usage, None]:
        """Stream a chat completion; see `LlmServer`."""
        messages = [{"role": one.role, "content": one.text} for one in request.messages]
        asked = {"model": self._model, "messages": messages}
        tokens = await self._http.ask("POST", "/tokenize", _Tokens, asked)
        check_context(tokens.count, tokens.max_model_len)
        body = {
            **asked,
            "max_tokens": min(request.max_token_count, tokens.max_model_len - tokens.count),
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        is_cut, counts = False, None
        async with self._http.lines("/v1/chat/completions", body) as lines:
            async for line in lines:
                data = line.removeprefix(_DATA).strip() if line.startswith(_DATA) else ""
                if data == _END:
                    break
                if not data:
                    continue
                chunk = self._http.read(data, _Chunk)
                if chunk.error is not None:
                    raise self._http.failure(chunk.error.code, chunk.error.message)
                counts = chunk.usage or counts
                for choice in chunk.choices:
                    is_cut = is_cut or choice.finish_reason == "length"
                    if choice.delta.content:
                        yield TextDelta(choice.delta.content)
        if counts is None:
            raise self._http.nonsense("end of an answer")
        reason: FinishReason = "length" if is_cut else "stop"
        yield Usage(counts.prompt_tokens, counts.completion_tokens, reason)

    async def give_back(self) -> None:
        """Put the server to sleep; see `LlmServer`."""
        while not await self._is_asleep():
            await self._http.tell(f"/sleep?level={self._sleep_level}")
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _is_asleep(self) -> bool:
        try:
            return (await self._http.ask("GET", "/is_sleeping", _Sleep)).is_sleeping
        except BrickworkError as error:
            if error.metadata.get("status") == "404":
                raise NotPossible(
                    Reason.SERVER_REFUSED,
                    "The vLLM server cannot sleep: it must be started with VLLM_SERVER_DEV_MODE=1 "
                    "and --enable-sleep-mode.",
                    metadata={"server": "vllm", "status": "404"},
                ) from error
            raise
