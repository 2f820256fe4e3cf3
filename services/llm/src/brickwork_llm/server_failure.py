"""What went wrong in an external server, by its status and by the little that it says of it."""

from pydantic import BaseModel, NonNegativeInt, ValidationError

from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    EngineFailed,
    InvalidInput,
    NoCapacity,
    NotFound,
    NotPossible,
    Reason,
)

_READ_BYTES_MAX = 64 * 1024
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "more system memory", "failed to allocate")
"""How servers word it; none of them has a code for it.

Source: Ollama, llm/status.go, outOfMemorySubstrings, and "model requires more system memory" in
llm/server.go; PyTorch's "CUDA out of memory", which vLLM passes on.
"""
_TOO_LONG = ("exceed_context_size", "context_length_exceeded", "context length", "context size")
"""Of a conversation beyond the context: a type, a code, and words.

Source: llama.cpp, tools/server, `exceed_context_size_error`; OpenAI's code; Ollama and vLLM, which
say "context length" and nothing that a program could read.
"""


class _Error(BaseModel):
    n_prompt_tokens: NonNegativeInt = 0
    n_ctx: NonNegativeInt = 0


class _Told(BaseModel):
    error: _Error


def failure_of(server: str, status: int, content: bytes, retry_seconds: float) -> BrickworkError:
    """Return the error for a refusal.

    Args:
        server: its kind, for people.
        status: of HTTP, or the code that stands in its place within an answer.
        content: what it says; looked at, and never repeated.
        retry_seconds: when to come again, if it has too much to do.
    """
    words = content[:_READ_BYTES_MAX].decode(errors="replace").lower()
    if any(sign in words for sign in _OUT_OF_MEMORY):
        return NoCapacity(
            Reason.SERVER_OUT_OF_MEMORY,
            f"The {server} server has not enough memory for this.",
            metadata={"server": server},
        )
    if 400 <= status < 501 and any(sign in words for sign in _TOO_LONG):
        told = _counts(content)
        return too_long(server, told.n_prompt_tokens, told.n_ctx)
    metadata = {"server": server, "status": str(status)}
    if status == 404 and "model" in words:
        return NotFound(
            Reason.MODEL_MISSING, f"The {server} server knows no such model.", metadata=metadata
        )
    message = f"The {server} server answered with status {status}."
    if status in (429, 503):
        return Busy(
            Reason.SERVER_REFUSED, message, metadata=metadata, retry_after_seconds=retry_seconds
        )
    kind = EngineFailed if status >= 500 else NotPossible
    return kind(Reason.SERVER_REFUSED, message, metadata=metadata)


def too_long(server: str, prompt_token_count: int, context_token_count: int) -> BrickworkError:
    """Return the error for a conversation beyond the context; a count of 0 is not known."""
    counts = {
        "prompt_token_count": prompt_token_count,
        "context_token_count": context_token_count,
    }
    known = {name: str(count) for name, count in counts.items() if count}
    told = "".join(f"; {name} is {count}" for name, count in known.items())
    return InvalidInput(
        Reason.CONTEXT_EXCEEDED,
        f"The conversation is longer than the context of the {server} server{told}.",
        metadata=known,
    )


def _counts(content: bytes) -> _Error:
    try:
        return _Told.model_validate_json(content).error
    except ValidationError:
        return _Error()
