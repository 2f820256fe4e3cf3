"""The HTTP side of an external LLM server: each of its faults is one error of the catalogue.

What the server says in words is never repeated, neither in errors nor in the log: servers quote
the conversation in some of them. Nothing that it sends is read beyond a bound.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from brickwork_llm.server_failure import failure_of, too_long
from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.errors import BrickworkError, Busy, EngineFailed, NotPossible, Reason

CONNECT_SECONDS = 5.0
SILENCE_SECONDS_MAX = 300.0
"""Between two pieces of an answer: a long prompt is read in silence, and a model from the disk."""
ANSWER_BYTES_MAX = 16 * 1024 * 1024
"""An answer of 4,096 tokens came with some 300 bytes around each."""
RETRY_SECONDS = 5.0

logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every request says nothing

Answer = TypeVar("Answer", bound=BaseModel)
Body = Mapping[str, Any]


class ServerHttp:
    """Asks one server, and reads its answers into models that say what must be in them.

    Every method raises:
        Busy: SERVER_UNREACHABLE, it does not answer, fell silent or broke off; SERVER_REFUSED, it
            has too much to do, with the time that it names.
        NoCapacity: SERVER_OUT_OF_MEMORY, it says so.
        InvalidInput: CONTEXT_EXCEEDED, with the counts that it tells.
        NotFound: MODEL_MISSING, it knows no such model.
        NotPossible: SERVER_REFUSED, with the status in the metadata.
        EngineFailed: SERVER_REFUSED, the fault is the server's; SERVER_ANSWER_INVALID.
    """

    def __init__(self, place: ServerPlace) -> None:
        self._name = place.kind
        # Unpacked, an answer could be a thousand times as large as it came.
        headers = {"Accept-Encoding": "identity"}
        if place.api_key:
            headers["Authorization"] = f"Bearer {place.api_key}"
        self._client = httpx2.AsyncClient(
            base_url=place.address,
            headers=headers,
            timeout=httpx2.Timeout(SILENCE_SECONDS_MAX, connect=CONNECT_SECONDS),
            # Each call holds a connection while it is answered; more than these wait here.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=4),
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
        async with self._sent(method, path, body) as parts:
            return self.read(b"".join([part async for part in parts]), kind)

    async def tell(self, path: str, body: Body | None = None) -> None:
        """Send one request whose answer says nothing but that it was heard."""
        async with self._sent("POST", path, body):
            pass

    @asynccontextmanager
    async def lines(self, path: str, body: Body) -> AsyncGenerator[AsyncIterator[str], None]:
        """Send one request and yield the lines of its answer as they come; leaving hangs up."""
        async with self._sent("POST", path, body) as parts:
            yield _lines(parts)

    def read(self, content: str | bytes, kind: type[Answer]) -> Answer:
        """Read what the server said."""
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            raise self.nonsense(kind.__name__.strip("_").lower()) from error

    def nonsense(self, instead_of: str) -> BrickworkError:
        """Return the error for an answer that is none."""
        return EngineFailed(
            Reason.SERVER_ANSWER_INVALID,
            f"The {self._name} server answered something that is no {instead_of}.",
            metadata={"server": self._name, "expected": instead_of},
        )

    def failure(self, status: int, content: bytes) -> BrickworkError:
        """Return the error for what the server says went wrong within an answer."""
        return failure_of(self._name, status, content, RETRY_SECONDS)

    def too_long(self, prompt_token_count: int, context_token_count: int) -> BrickworkError:
        """Return the error for a conversation beyond the context; a count of 0 is not known."""
        return too_long(self._name, prompt_token_count, context_token_count)

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, body: Body | None
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        with self._faults_named():
            async with self._client.stream(method, path, json=body) as answer:
                parts = self._bounded(answer)
                if answer.status_code >= 300:
                    content = b"".join([part async for part in parts])
                    retry_seconds = _retry_seconds(answer.headers.get("Retry-After", ""))
                    raise failure_of(self._name, answer.status_code, content, retry_seconds)
                yield parts

    async def _bounded(self, answer: httpx2.Response) -> AsyncIterator[bytes]:
        size_bytes = 0
        async for part in answer.aiter_raw():
            size_bytes += len(part)
            if size_bytes > ANSWER_BYTES_MAX:
                raise self.nonsense(f"answer of at most {ANSWER_BYTES_MAX:,} bytes")
            yield part

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


def count_is_unknown(model: str) -> BrickworkError:
    """Return the error for a server that cannot count tokens."""
    return NotPossible(
        Reason.MODEL_CANNOT,
        "The server of this model has no way to count tokens.",
        metadata={"model": model, "ability": "count"},
    )


async def _lines(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Cut parts into lines; a last one without an end is one too."""
    line: list[bytes] = []
    async for part in parts:
        first, *others = part.split(b"\n")
        line.append(first)
        for other in others:
            yield b"".join(line).decode(errors="replace")
            line = [other]
    if any(line):
        yield b"".join(line).decode(errors="replace")


def _retry_seconds(header: str) -> float:
    """Read `Retry-After` in seconds; a date, nonsense or an hour is not what we wait by."""
    return min(float(header), SILENCE_SECONDS_MAX) if header.isdecimal() else RETRY_SECONDS
