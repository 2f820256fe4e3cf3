"""Any server with OpenAI's chat completions: it keeps its model as it likes.

What it holds is foreign use to the broker: nobody can ask it for anything.
Source: llama.cpp, tools/server/README.md, of 2026 (`/apply-template`, `/tokenize`, `/props`); vLLM,
its `/tokenize` for conversations.
"""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, NonNegativeInt

from brickwork_llm.chat_completions import chat_completion, wire_messages
from brickwork_llm.engine import GenerateRequest, Message, TextDelta, TokenCount, Usage
from brickwork_llm.server_http import ServerHttp, count_is_unknown
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import BrickworkError, NotFound, Reason
from brickwork_sdk.models import ModelFile


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


class _Prompt(BaseModel):
    prompt: str


class _Tokens(BaseModel):
    tokens: list[Any]


class _Settings(BaseModel):
    n_ctx: NonNegativeInt = 0


class _Props(BaseModel):
    default_generation_settings: _Settings = _Settings()


class _Count(BaseModel):
    count: NonNegativeInt
    max_model_len: NonNegativeInt = 0


class OpenAiServer:
    """Speaks what all of them share, and counts in the two ways that some of them have."""

    is_represented = False
    outlives_its_memory = True
    give_back_seconds = 2.0

    def __init__(self, place: ServerPlace) -> None:
        self._http = ServerHttp(place)
        self._model = place.model

    async def weights(self) -> ModelFile:
        """See that the server serves the model; it tells no size and no digest."""
        return await served_weights(self._http, "openai", self._model)

    async def load(self) -> None:
        """Do nothing: it loads when it likes."""

    async def describe(self) -> EngineDescription:
        """Tell what is known of it, which is its protocol."""
        return EngineDescription("openai", "", "server")

    async def stay(self) -> None:
        """Do nothing: it keeps its model as long as it likes."""

    async def count(self, messages: tuple[Message, ...]) -> TokenCount:
        """Count as llama-server does, or else as vLLM does; see `LlmServer`."""
        try:
            return await self._llama_count(messages)
        except BrickworkError as error:
            if not _is_absent(error):
                raise
        body = {"model": self._model, "messages": wire_messages(messages)}
        try:
            counted = await self._http.ask("POST", "/tokenize", _Count, body)
        except BrickworkError as error:
            if _is_absent(error):
                raise count_is_unknown(self._model) from error
            raise
        return TokenCount(counted.count, counted.max_model_len)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TextDelta | Usage, None]:
        """Stream a chat completion; see `LlmServer`."""
        answer = chat_completion(self._http, self._model, request, request.max_token_count)
        try:
            async for event in answer:
                yield event
        except BrickworkError as error:
            if error.reason is not Reason.CONTEXT_EXCEEDED or error.metadata:
                raise
            # It says only that it was too long, and may be able to count all the same.
            with suppress(BrickworkError):
                counted = await self.count(request.messages)
                error = self._http.too_long(counted.token_count, counted.context_token_count)
            raise error from None
        finally:
            await answer.aclose()

    async def give_back(self) -> None:
        """Do nothing: what it holds is its own."""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _llama_count(self, messages: tuple[Message, ...]) -> TokenCount:
        body = {"messages": wire_messages(messages)}
        prompt = (await self._http.ask("POST", "/apply-template", _Prompt, body)).prompt
        # As it reads a prompt: with the marks of begin, and control tokens as such.
        order = {"content": prompt, "add_special": True, "parse_special": True}
        tokens = (await self._http.ask("POST", "/tokenize", _Tokens, order)).tokens
        props = await self._http.ask("GET", "/props", _Props)
        return TokenCount(len(tokens), props.default_generation_settings.n_ctx)


async def served_weights(http: ServerHttp, kind: str, model: str) -> ModelFile:
    """See that a server lists the model; its name stands for a digest that it does not tell.

    Raises:
        NotFound: MODEL_MISSING.
    """
    models = await http.ask("GET", "/v1/models", _Models)
    if model not in {one.id for one in models.data}:
        raise NotFound(
            Reason.MODEL_MISSING,
            f"The {kind} server does not serve the model {model!r}.",
            metadata={"model": model},
        )
    named = hashlib.sha256(f"{kind} {model}".encode()).hexdigest()
    return ModelFile(path="weights", sha256=named, size_bytes=0)


def _is_absent(error: BrickworkError) -> bool:
    """Tell whether the server has no such address, or not for such a request."""
    return error.metadata.get("status") in ("400", "404", "405", "422", "501")
