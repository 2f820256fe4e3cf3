"""A vLLM server: it sleeps, and its processes live on.

It must run with `--enable-sleep-mode` and `VLLM_SERVER_DEV_MODE=1`.
Source: vLLM, docs/features/sleep_mode.md, of 2026; its OpenAI-compatible server (chat completions,
models, and its own `/tokenize` and `/version`).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydantic import BaseModel, NonNegativeInt

from brickwork_llm.chat_completions import chat_completion, wire_messages
from brickwork_llm.context import check_context
from brickwork_llm.engine import GenerateRequest, Message, TextDelta, TokenCount, Usage
from brickwork_llm.openai_server import served_weights
from brickwork_llm.server_http import ServerHttp
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import BrickworkError, NotPossible, Reason
from brickwork_sdk.models import ModelFile

LOOK_SECONDS = 0.1


class _Version(BaseModel):
    version: str


class _Sleep(BaseModel):
    is_sleeping: bool


class _Tokens(BaseModel):
    count: NonNegativeInt
    max_model_len: NonNegativeInt


class VllmServer:
    """Speaks OpenAI's protocol for text, and vLLM's own for sleep."""

    is_represented = True
    outlives_its_memory = True
    give_back_seconds = 60.0

    def __init__(self, place: ServerPlace) -> None:
        self._http = ServerHttp(place)
        self._model = place.model
        self._sleep_level = place.sleep_level

    async def weights(self) -> ModelFile:
        """See that the server serves the model; it tells no size and no digest."""
        return await served_weights(self._http, "vllm", self._model)

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

    async def count(self, messages: tuple[Message, ...]) -> TokenCount:
        """Count by the server's own tokenizer and chat template; see `LlmServer`."""
        asked = {"model": self._model, "messages": wire_messages(messages)}
        tokens = await self._http.ask("POST", "/tokenize", _Tokens, asked)
        return TokenCount(tokens.count, tokens.max_model_len)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TextDelta | Usage, None]:
        """Stream a chat completion; see `LlmServer`."""
        counted = await self.count(request.messages)
        check_context(counted.token_count, counted.context_token_count)
        room = counted.context_token_count - counted.token_count
        limit = min(request.max_token_count, room)
        async with aclosing(chat_completion(self._http, self._model, request, limit)) as events:
            async for event in events:
                yield event

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
