"""An Ollama server: its runner, a child process, dies when the model is unloaded.

Source: Ollama, docs/api.md (list local models, load and unload by an empty prompt with
`keep_alive`, list running models, chat) and api/types.go (`truncate`, `shift`), of August 2026.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, Literal

from pydantic import BaseModel, Field, NonNegativeInt

from brickwork_llm.chat_completions import wire_messages
from brickwork_llm.engine import (
    FinishReason,
    GenerateRequest,
    Message,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.server_http import ServerHttp, count_is_unknown
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import BrickworkError, NotFound, Reason
from brickwork_sdk.models import ModelFile

KEEP_ALIVE_SECONDS = 8
"""The server unloads the model by itself after so long without word of the brick: then that has
died, and nobody else would ask for the memory. What a killed holder had is to be free in 10 s."""
LOOK_SECONDS = 0.1


class _Version(BaseModel):
    version: str


class _Known(BaseModel):
    name: str
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    size: NonNegativeInt


class _KnownModels(BaseModel):
    models: list[_Known]


class _Details(BaseModel):
    quantization_level: str = ""


class _Running(BaseModel):
    name: str
    context_length: NonNegativeInt = 0
    details: _Details = _Details()


class _RunningModels(BaseModel):
    models: list[_Running]


class _Done(BaseModel):
    done: Literal[True]


class _Message(BaseModel):
    content: str = ""


class _Piece(BaseModel):
    """A line of an answer: either a piece of it or what went wrong."""

    error: str = ""
    message: _Message = _Message()
    done: bool = False
    done_reason: str = ""
    prompt_eval_count: NonNegativeInt = 0
    eval_count: NonNegativeInt = 0


class OllamaServer:
    """Speaks Ollama's own protocol."""

    is_represented = True
    outlives_its_memory = False
    give_back_seconds = 30.0

    def __init__(self, place: ServerPlace) -> None:
        self._http = ServerHttp(place)
        self._model = place.model

    async def weights(self) -> ModelFile:
        """Tell the digest and the size of the model; see `LlmServer`."""
        known = (await self._http.ask("GET", "/api/tags", _KnownModels)).models
        for one in known:
            if one.name == self._full_name():
                return ModelFile(path="weights", sha256=one.digest, size_bytes=one.size)
        raise NotFound(
            Reason.MODEL_MISSING,
            f"The Ollama server has no model {self._model!r}; `ollama pull` brings it.",
            metadata={"model": self._model},
        )

    async def load(self) -> None:
        """Have the model loaded, for as long as the brick says so; see `LlmServer`."""
        await self._keep(self._model, KEEP_ALIVE_SECONDS)

    async def describe(self) -> EngineDescription:
        """Tell the server's version, and how the model is quantized."""
        version = await self._http.ask("GET", "/api/version", _Version)
        details = [one.details for one in await self._running() if one.name == self._full_name()]
        precision = details[0].quantization_level if details else ""
        return EngineDescription(f"ollama {version.version}", precision, "server")

    async def stay(self) -> None:
        """Keep the model loaded; one that somebody else unloaded stays so until the next call."""
        if any(one.name == self._full_name() for one in await self._running()):
            await self._keep(self._model, KEEP_ALIVE_SECONDS)

    async def count(self, messages: tuple[Message, ...]) -> TokenCount:
        """Refuse: it has no way to count; see `LlmServer`."""
        raise count_is_unknown(self._model)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TextDelta | Usage, None]:
        """Stream a chat; see `LlmServer`."""
        body: dict[str, Any] = {
            "model": self._model,
            "messages": wire_messages(request.messages),
            "options": {"num_predict": request.max_token_count, "temperature": request.temperature},
            "keep_alive": KEEP_ALIVE_SECONDS,
            # Ollama drops the beginning of a conversation that is too long unless told not to.
            "truncate": False,
            "shift": False,
        }
        if request.schema:
            body["format"] = json.loads(request.schema)
        try:
            async with self._http.lines("/api/chat", body) as lines:
                async for line in lines:
                    piece = self._http.read(line, _Piece)
                    if piece.error:
                        raise self._http.failure(500, line.encode())
                    if piece.message.content:
                        yield TextDelta(piece.message.content)
                    if piece.done:
                        yield _usage(piece)
                        return
        except BrickworkError as error:
            if error.reason is Reason.CONTEXT_EXCEEDED and not error.metadata:
                raise self._http.too_long(0, await self._context_token_count()) from error
            raise
        raise self._http.nonsense("end of an answer")

    async def give_back(self) -> None:
        """Unload every model, for the server is represented as a whole; see `LlmServer`."""
        while running := await self._running():
            for one in running:
                await self._keep(one.name, 0)
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _keep(self, model: str, keep_alive_seconds: int) -> None:
        """Load a model, or unload it with 0: a request without a prompt does just that."""
        body = {"model": model, "keep_alive": keep_alive_seconds, "stream": False}
        await self._http.ask("POST", "/api/generate", _Done, body)

    async def _context_token_count(self) -> int:
        """Return what the model was loaded with; 0 where the server does not tell."""
        running = await self._running()
        return next((one.context_length for one in running if one.name == self._full_name()), 0)

    async def _running(self) -> list[_Running]:
        return (await self._http.ask("GET", "/api/ps", _RunningModels)).models

    def _full_name(self) -> str:
        """Return the name with its tag, as the server lists it."""
        return self._model if ":" in self._model.rpartition("/")[2] else f"{self._model}:latest"


def _usage(piece: _Piece) -> Usage:
    reason: FinishReason = "length" if piece.done_reason == "length" else "stop"
    return Usage(piece.prompt_eval_count, piece.eval_count, reason)
