"""The engine that computes nothing: an external server does, and this represents it.

It runs in an engine process like any other, so that a token is asked for before the server loads,
calls are cancelled between two steps, and unloading means that the server gives its memory back.
The processes of the server are named as users of the token while they hold the model; of a server
that keeps its memory for itself none are, and the token covers this process alone.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Coroutine, Generator, Mapping
from concurrent.futures import wait
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from brickwork_llm.engine import (
    CountEvent,
    CountRequest,
    Engine,
    GenerateEvent,
    GenerateRequest,
    Pending,
)
from brickwork_llm.llm_server import server_at
from brickwork_llm.server_place import ServerPlace
from brickwork_llm.server_processes import ServerProcesses, find_server, unseen
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.description import NameUsers
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.processes import ProcessIdentity

log = logging.getLogger(__name__)

STEP_SECONDS = 0.1
"""Longest wait of one step: a call is cancelled, and others are served, at least this often."""
LOOK_LOADING_SECONDS = 0.2
"""How soon a process that the server starts for the model is named as a user of the memory."""
LOOK_SECONDS = 2.0
"""The same once the model is loaded: the server may start a crashed runner anew. So often it is
also told to keep the model."""

_Result = TypeVar("_Result")


class ServerEngine(Engine):
    """Hands calls on to a server, on an event loop and a thread of its own."""

    def __init__(self, place: ServerPlace, name_users: NameUsers) -> None:
        self._place = place
        self._server = server_at(place)
        # Whom nobody sees is not asked to load, nor to give back what others loaded there.
        self._found = find_server(place) if self._server.is_represented else ServerProcesses()
        self._name_users = name_users
        self._users: tuple[ProcessIdentity, ...] = ()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="llm-server", daemon=True
        )
        self._thread.start()
        self._description = EngineDescription("", "", "")
        self._watch: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Have the server load its model; raises as `load`."""
        try:
            self._description = self._run(self._open())
        except BaseException:
            self.close()
            raise

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return self._description

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield what the server has sent since the last step."""
        pieces: queue.SimpleQueue[GenerateEvent | None] = queue.SimpleQueue()
        pumping = asyncio.run_coroutine_threadsafe(self._pump(request, pieces), self._loop)
        try:
            while (piece := _next(pieces)) is not None:
                yield piece
            pumping.result()  # raises what the server did wrong
        finally:
            pumping.cancel()

    def count(self, request: CountRequest) -> Generator[CountEvent, None, None]:
        """Yield what the server counts."""
        counting = asyncio.run_coroutine_threadsafe(
            self._server.count(request.messages), self._loop
        )
        try:
            while not wait([counting], timeout=STEP_SECONDS).done:
                yield Pending()
            yield counting.result()
        finally:
            counting.cancel()

    def close(self) -> None:
        """Have the server give its memory back."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> EngineDescription:
        """Load, and name the server's processes from their first moment on."""
        if not self._server.is_represented:
            await self._server.load()
            return await self._server.describe()
        loading = asyncio.create_task(self._server.load())
        try:
            while not loading.done():
                self._look(is_loading=True)
                await asyncio.wait({loading}, timeout=LOOK_LOADING_SECONDS)
            await loading  # raises why there is no model
        finally:
            loading.cancel()
        self._look(is_loading=True)
        if not self._users:
            raise unseen(self._place, "it holds the model in no process of its own")
        description = await self._server.describe()
        self._watch = asyncio.create_task(self._stay())
        return replace(
            description,
            close_seconds=self._server.give_back_seconds,
            users_live_on=self._server.outlives_its_memory,
        )

    async def _stay(self) -> None:
        """Go on naming its processes, and keep the model there while this engine lives."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self._look()
                await self._server.stay()
            except BrickworkError as error:
                log.warning("llm_server_away", extra={"reason": error.reason.value})

    def _look(self, *, is_loading: bool = False) -> None:
        """Name the processes that may hold the model.

        While it loads they are named at each look, as a sign of life: this process waits.
        """
        self._found = find_server(self._place, self._found.roots)
        users = self._found.descendants
        if self._server.outlives_its_memory:
            users = self._found.roots + users
        if is_loading or users != self._users:
            self._users = users
            self._name_users(users)

    async def _pump(
        self, request: GenerateRequest, pieces: "queue.SimpleQueue[GenerateEvent | None]"
    ) -> None:
        try:
            async with aclosing(self._server.generate(request)) as events:
                async for event in events:
                    pieces.put(event)
        finally:
            pieces.put(None)

    async def _close(self) -> None:
        """Have the server give back; the processes of one that cannot stay charged."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        try:
            async with asyncio.timeout(self._server.give_back_seconds):
                await self._server.give_back()
        except BrickworkError as error:
            log.warning("llm_server_keeps_memory", extra={"reason": error.reason.value})
        except TimeoutError:
            log.warning("llm_server_keeps_memory", extra={"reason": "asked in vain"})
        await self._server.close()


def _next(pieces: "queue.SimpleQueue[GenerateEvent | None]") -> GenerateEvent | None:
    """Wait a step for the next piece; None after the last one."""
    try:
        return pieces.get(timeout=STEP_SECONDS)
    except queue.Empty:
        return Pending()


def load(model_dir: Path, options: Mapping[str, str], name_users: NameUsers) -> ServerEngine:
    """Have the server that the options name load its model.

    Args:
        model_dir: not looked at; the server keeps its own files.
        options: as `ServerPlace.to_options` wrote them.
        name_users: told which processes hold the model, from any thread, as often as they change.

    Raises:
        NotFound: MODEL_MISSING, the server has no such model.
        NotPossible: SERVER_PROCESSES_UNSEEN, SERVER_REFUSED.
        NoCapacity: SERVER_OUT_OF_MEMORY.
        Busy: SERVER_UNREACHABLE.
        EngineFailed: SERVER_ANSWER_INVALID, SERVER_REFUSED.
    """
    engine = ServerEngine(ServerPlace.of(options), name_users)
    engine.open()
    return engine
