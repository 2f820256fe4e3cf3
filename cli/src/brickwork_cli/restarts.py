"""Both ends of the socket on which a supervisor is asked to start a service anew.

One line of JSON asks, and lines of JSON answer as each process goes and comes. The socket lies in
the folder of the running mesh, which is open to its owner alone.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from brickwork_cli.home import Home
from brickwork_sdk.errors import (
    BrickworkError,
    DeadlineExceeded,
    EngineFailed,
    InvalidInput,
    NotPossible,
    Reason,
    error_of,
)

STEP_SECONDS_MAX = 180.0
"""Longest silence between two answers: a process has 15 s to end and 150 s to be ready again."""
_ASK_SECONDS_MAX = 5.0


@dataclass(frozen=True)
class Restarted:
    """A process that was started anew and answers.

    Attributes:
        name: its name in the mesh.
        pid: the new process.
        seconds: from asking the old one to end until the new one answered.
    """

    name: str
    pid: int
    seconds: float


Restart = Callable[[str], AsyncGenerator[Restarted, None]]


@asynccontextmanager
async def answered(home: Home, restart: Restart) -> AsyncIterator[None]:
    """Answer requests while the context lasts; who leaves lets the rest of a service be."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError):
                await _answer(reader, writer, restart)
        finally:
            tasks.discard(task)
            writer.close()

    # The socket of a dead supervisor is taken over: whoever holds the home's lock is the only one.
    server = await asyncio.start_unix_server(serve, _path(home))
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, restart: Restart
) -> None:
    async def say(line: dict[str, Any]) -> None:
        writer.write(json.dumps(line).encode() + b"\n")
        await writer.drain()

    try:
        name = await _asked(reader)
        async with aclosing(restart(name)) as steps:
            async for step in steps:
                await say({"restarted": asdict(step)})
    except BrickworkError as error:
        code, reason = error.code.name, error.reason.value
        await say({"code": code, "reason": reason, "message": error.message})
    else:
        await say({"done": True})


async def _asked(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(_ASK_SECONDS_MAX):
            return str(json.loads(await reader.readline())["restart"])
    except (TimeoutError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(Reason.ARGUMENT_INVALID, "The request is not understood.") from error


def ask_for_restart(home: Home, name: str) -> Iterator[Restarted]:
    """Ask the supervisor of this home; yield each process that is ready again.

    Raises:
        NotPossible: MESH_NOT_RUNNING.
        InvalidInput: ARGUMENT_INVALID, the mesh has no such process.
        EngineFailed: MESH_START_FAILED, one did not come back; the others were let be.
        DeadlineExceeded: the supervisor does not answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(STEP_SECONDS_MAX)
        try:
            connection.connect(_path(home))
            connection.sendall(json.dumps({"restart": name}).encode() + b"\n")
            with connection.makefile() as lines:
                yield from _steps(lines)
        except TimeoutError as error:
            raise DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED, "The supervisor of the mesh does not answer."
            ) from error
        except OSError as error:
            raise NotPossible(
                Reason.MESH_NOT_RUNNING,
                "No mesh runs for this home, or it is just starting or ending.",
            ) from error


def _steps(lines: Iterator[str]) -> Iterator[Restarted]:
    for line in lines:
        said = json.loads(line)
        if "reason" in said:
            raise error_of(said["code"], said["reason"], said["message"], {})
        if "done" in said:
            return
        yield Restarted(**said["restarted"])
    raise EngineFailed(Reason.MESH_START_FAILED, "The mesh ended before the service was restarted.")


def _path(home: Home) -> str:
    return home.socket("supervisor").removeprefix("unix:")
