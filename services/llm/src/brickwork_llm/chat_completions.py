"""A streamed chat completion, in the protocol that servers of language models share.

Source: OpenAI's API reference, chat completions with `stream` and `stream_options.include_usage`,
and `response_format` of type `json_schema`; as vLLM, llama-server and Ollama serve it in 2026.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from pydantic import BaseModel, NonNegativeInt

from brickwork_llm.engine import FinishReason, GenerateRequest, Message, TextDelta, Usage
from brickwork_llm.server_http import ServerHttp

_DATA, _ERROR = "data:", "error:"
_END = "[DONE]"


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
    code: int | str | None = None


class _Chunk(BaseModel):
    """An event of an answer: a piece of it, its counts, or what went wrong."""

    error: _Failure | None = None
    choices: list[_Choice] = []
    usage: _Counts | None = None


def wire_messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Render a conversation as every such server takes it."""
    return [{"role": one.role, "content": one.text} for one in messages]


async def chat_completion(
    http: ServerHttp, model: str, request: GenerateRequest, max_token_count: int
) -> AsyncGenerator[TextDelta | Usage, None]:
    """Yield the deltas of an answer, then its usage; closing the iterator hangs up.

    Args:
        http: the server.
        model: its name there.
        request: what is to be written.
        max_token_count: most tokens to write, where the server wants less than was asked for.

    Raises:
        BrickworkError: as `ServerHttp`; SERVER_ANSWER_INVALID also where the usage is missing.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": wire_messages(request.messages),
        "max_tokens": max_token_count,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_form(request.schema),
    }
    is_cut, counts = False, None
    async with http.lines("/v1/chat/completions", body) as lines:
        async for chunk in _chunks(http, lines):
            counts = chunk.usage or counts
            for choice in chunk.choices:
                is_cut = is_cut or choice.finish_reason == "length"
                if choice.delta.content:
                    yield TextDelta(choice.delta.content)
    if counts is None:
        raise http.nonsense("answer with its usage")
    reason: FinishReason = "length" if is_cut else "stop"
    yield Usage(counts.prompt_tokens, counts.completion_tokens, reason)


def _form(schema: str) -> Mapping[str, Any]:
    """Return what asks for an answer by a schema; nothing for free text."""
    if not schema:
        return {}
    named = {"name": "answer", "strict": True, "schema": json.loads(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


async def _chunks(http: ServerHttp, lines: AsyncIterator[str]) -> AsyncIterator[_Chunk]:
    """Read server-sent events of one line each; comments, which keep a line alive, say nothing."""
    async for line in lines:
        # llama-server tells a failure in mid-answer under the name `error`.
        prefix = next((one for one in (_DATA, _ERROR) if line.startswith(one)), None)
        data = line.removeprefix(prefix).strip() if prefix else ""
        if data == _END:
            return
        if not data:
            continue
        chunk = http.read(data, _Chunk)
        if chunk.error is not None:
            code = chunk.error.code
            raise http.failure(code if isinstance(code, int) else 500, data.encode())
        yield chunk
