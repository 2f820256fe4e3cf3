"""The HTTP side of an external LLM server: each of its faults is one error of the catalogue.

What the server says in words is never repeated, neither in errors nor in the log: servers quote
the conversation in some of them.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    EngineFailed,
    NoCapacity,
    NotPossible,
    Reason,
)

CONNECT_SECONDS = 5.0
SILENCE_SECONDS_MAX = 300.0
"""Between two pieces of an answer: a long prompt is read in silence, and a model from the disk."""
RETRY_SECONDS = 5.0
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "more system memory", "failed to allocate")
"""How servers word it; none of them has a code for it.

Source: Ollama, llm/status.go, outOfMemorySubstrings, and "model requires more system memory" in
llm/server.go; PyTorch's "CUDA out of memory", which vLLM passes on.
"""

logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every request says nothing

Answer = TypeVar("Answer", bound=BaseModel)
Body = Mapping[str, Any]


class ServerHttp:
    """Asks one server, and reads its answers into models that say what must be in them.

    Every method raises:
        Busy: SERVER_UNREACHABLE, it does not answer, fell silent or broke off.
        NoCapacity: SERVER_OUT_OF_MEMORY, it says so.
        NotPossible: SERVER_REFUSED, with the status in the metadata.
        EngineFailed: SERVER_REFUSED, the fault is the server's; SERVER_ANSWER_INVALID.
    """

    def __init__(self, place: ServerPlace) -> None:
        self._name = place.kind
        key = place.api_key
        self._client = httpx2.AsyncClient(
            base_url=place.address,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(SILENCE_SECONDS_MAX, connect=CONNECT_SECONDS),
            # A proxy of the environment must not see conversations.
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(
        self, method: str, path: str, kind: type[Answer], body: Body | None = None
    ) -> Answer:
        """Send one request and read its answer."""
        with self._faults_named():
            answer = await self._client.request(method, path, json=body)
            self._check(answer.status_code, answer.content)
            return self.read(answer.content, kind)

    async def tell(self, path: str, body: Body | None = None) -> None:
        """Send one request whose answer says nothing but that it was heard."""
        with self._faults_named():
            answer = await self._client.post(path, json=body)
            self._check(answer.status_code, answer.content)

    @asynccontextmanager
    async def lines(self, path: str, body: Body) -> AsyncGenerator[AsyncIterator[str], None]:
        """Send one request and yield the lines of its answer as they come; leaving ends it."""
        with self._faults_named():
            async with self._client.stream("POST", path, json=body) as answer:
                if answer.is_error:
                    await answer.aread()
                    self._check(answer.status_code, answer.content)
                yield answer.aiter_lines()

    def read(self, content: str | bytes, kind: type[Answer]) -> Answer:
        """Read what the server said."""
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            raise self.nonsense(kind.__name__) from error

    def nonsense(self, instead_of: str) -> BrickworkError:
        """Return the error for an answer that is none."""
        return EngineFailed(
            Reason.SERVER_ANSWER_INVALID,
            f"The {self._name} server answered something that is no {instead_of}.",
            metadata={"server": self._name, "expected": instead_of},
        )

    def failure(self, status: int, words: str) -> BrickworkError:
        """Return the error for a status or for words of failure inside of an answer."""
        if any(sign in words.lower() for sign in _OUT_OF_MEMORY):
            return NoCapacity(
                Reason.SERVER_OUT_OF_MEMORY,
                f"The {self._name} server has not enough memory for this.",
                metadata={"server": self._name},
            )
        metadata = {"server": self._name, "status": str(status)}
        message = f"The {self._name} server answered with status {status}."
        if status in (429, 503):
            return Busy(
                Reason.SERVER_REFUSED, message, metadata=metadata, retry_after_seconds=RETRY_SECONDS
            )
        kind = EngineFailed if status >= 500 else NotPossible
        return kind(Reason.SERVER_REFUSED, message, metadata=metadata)

    def _check(self, status: int, content: bytes) -> None:
        if status >= 300:
            raise self.failure(status, _words(content))

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise Busy(
                Reason.SERVER_UNREACHABLE,
                f"The {self._name} server does not answer ({type(error).__name__}).",
                metadata={"server": self._name, "fault": type(error).__name__},
                retry_after_seconds=RETRY_SECONDS,
            ) from error


def _words(content: bytes) -> str:
    return content[:4096].decode(errors="replace")
