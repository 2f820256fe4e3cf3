"""The brick's side of its engine process."""

import asyncio
import contextlib
import itertools
import logging
import socket
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from brickwork_sdk.engine import wire
from brickwork_sdk.engine.budget import host_budget_bytes
from brickwork_sdk.engine.description import EngineDescription
from brickwork_sdk.engine.fate import Fate
from brickwork_sdk.engine.memory_watch import WATCH_EVERY_SECONDS, MemoryWatch
from brickwork_sdk.engine.pulse import LOOK_EVERY_SECONDS, Pulse, Sign
from brickwork_sdk.engine.work import EngineWork
from brickwork_sdk.errors import (
    BrickworkError,
    DeadlineExceeded,
    EngineFailed,
    Reason,
    error_of,
)
from brickwork_sdk.processes import ProcessIdentity, cpu_seconds, identify, private_bytes

log = logging.getLogger(__name__)

CREDIT = 8
"""Events of one call that may be under way; a reader slower than that stops the work."""
CANCEL_SECONDS = 2.0
"""A call that was cancelled and still runs after this long has its process killed."""

_WORK = TypeAdapter(EngineWork)
_USERS = TypeAdapter(tuple[ProcessIdentity, ...])


@dataclass
class _Answer:
    """What the child has sent for one call: its events, and at last its end."""

    worked: Callable[[EngineWork], None]
    inbox: asyncio.Queue[wire.Message] = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class EngineProcess:
    """A loaded model in a child process.

    Attributes:
        description: how the model runs.
        identity: the child's process, evidence for the broker.
        users: the processes that use its memory: the child, and those of a server that it named.
        on_users: called in the event loop when `users` has changed.
        exited: set once the child is gone, for whatever reason, and reaped.
        fate: why it is gone, or was told to go; None while it lives.
    """

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        identity: ProcessIdentity,
        writer: asyncio.StreamWriter,
        load: dict[str, Any],
    ) -> None:
        self.identity = identity
        self.users: tuple[ProcessIdentity, ...] = (identity,)
        self.on_users: Callable[[], None] = lambda: None
        self.exited = asyncio.Event()
        self.description = EngineDescription("", "", "")
        self.fate: Fate | None = None
        self._child = child
        self._writer = writer
        self._load = load
        self._numbers = itertools.count(1)
        self._answers: dict[int, _Answer] = {}
        self._ready: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()
        self._load_sent = False
        self._is_answering = True
        self._message_count = 0
        budget_bytes = host_budget_bytes(load["options"])
        self._watch = None if budget_bytes is None else MemoryWatch(budget_bytes)
        self._peak_bytes = 0
        self._budgets: deque[asyncio.Future[bool]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def spawn(
        cls, module: str, model_dir: Path, options: Mapping[str, str]
    ) -> "EngineProcess":
        """Start a child that will run `module.load(model_dir, options)` once `loaded` is called.

        Until then it uses no memory worth speaking of, so that its token can name it first.

        Args:
            module: of the engine.
            model_dir: the files of its model.
            options: for the engine; of them `budget_bytes` is the private memory that the process
                may use: above it, it is ended. Without it, and on a GPU, nothing is watched.
        """
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as unless_spawned:
            # Whoever leaves in between ends the child as well, by the end of its socket.
            unless_spawned.callback(ours.close)
            with theirs:
                child = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "brickwork_sdk.engine.child",
                    str(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                )
            identity = identify(child.pid)
            if identity is None:
                raise EngineFailed(Reason.ENGINE_CRASHED, "The engine process ended as it began.")
            reader, writer = await asyncio.open_connection(sock=ours)
            unless_spawned.pop_all()
        load = {"module": module, "model_dir": str(model_dir), "options": dict(options)}
        process = cls(child, identity, writer, load)
        process._keep(asyncio.create_task(process._listen(reader)))
        process._keep(asyncio.create_task(process._feel_pulse()))
        if process._watch is not None:
            process._keep(asyncio.create_task(process._watch_memory(process._watch)))
        return process

    @property
    def peak_bytes(self) -> int:
        """Look at its private memory, and return the most that was seen so far."""
        self._look_at_memory()
        return self._peak_bytes

    async def loaded(self, timeout_seconds: float) -> EngineDescription:
        """Load the model and wait until it is there; to be called once.

        Raises:
            BrickworkError: what the engine's `load` raised; the process has ended.
            EngineFailed: ENGINE_CRASHED, the process died or hung while loading;
                ENGINE_OVER_BUDGET, the model is larger than what was granted.
            DeadlineExceeded: the time is over; the process was killed.
        """
        self._load_sent = True
        self._send(self._load, "load")
        try:
            async with asyncio.timeout(timeout_seconds):
                message = await asyncio.shield(self._ready)
        except TimeoutError:
            await self.kill()
            raise DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED, f"The model was not loaded in {timeout_seconds:.0f} s."
            ) from None
        if message["type"] == "gone":
            raise self._gone()
        if message["type"] == "failed":
            await self.exited.wait()
            raise _raised(message)
        del message["type"]
        self.description = EngineDescription(**message)
        return self.description

    async def stream(
        self,
        method: str,
        request: object,
        events: Sequence[type],
        work_class: str = "batch",
        worked: Callable[[EngineWork], None] = lambda _: None,
        trace_id: str | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Run one call and yield its events as they come.

        Closing the iterator cancels the call: it is asked to stop between two steps, and a child
        that still works two seconds later is killed.

        Args:
            method: generator method of the engine.
            request: its frozen dataclass.
            events: the dataclasses it may yield, known by their names.
            work_class: decides the share of engine time; see `calls.WEIGHTS`.
            worked: told once the child has ended the call, also after its reader has left.
            trace_id: the trace that the child's log names.

        Raises:
            BrickworkError: what the engine raised.
            EngineFailed: ENGINE_CRASHED, the process died, or was killed because it hung;
                ENGINE_OVER_BUDGET, it needed more memory than it was granted.
            Busy: ENGINE_STOPPED, the process was stopped; VRAM_REVOKED, its memory was asked back;
                try again.
        """
        kinds = {kind.__name__: wire.adapter(kind) for kind in events}
        number, answer = next(self._numbers), _Answer(worked)
        if self.fate is not None:
            raise self._gone()
        self._answers[number] = answer
        value = wire.adapter(type(request)).dump_python(request, mode="json")
        call = {"id": number, "method": method, "request": value, "work_class": work_class}
        self._send({**call, "credit": CREDIT, "trace_id": trace_id}, "call")
        unread = CREDIT
        try:
            while True:
                message = await answer.inbox.get()
                match message["type"]:
                    case "end" if message.get("is_cancelled"):
                        raise self._gone()
                    case "end":
                        return
                    case "error":
                        raise _raised(message)
                    case "gone":
                        raise self._gone()
                yield kinds[message["kind"]].validate_python(message["value"])
                unread -= 1
                if unread <= CREDIT // 2:
                    self._send({"id": number, "count": CREDIT - unread}, "credit")
                    unread = CREDIT
        finally:
            if answer.ended.is_set():
                del self._answers[number]
            else:
                # Sent at once and not by the task, so that it comes before the next call.
                self._send({"id": number}, "cancel")
                self._keep(asyncio.create_task(self._see_cancelled(number, answer)))

    async def revoke(self, timeout_seconds: float) -> None:
        """End every call between two of its steps, then the process; return once it is reaped.

        A reader still gets what its call has yielded, and then VRAM_REVOKED. A process whose calls
        do not end in time is killed.

        Args:
            timeout_seconds: how long the steps that run have for their end.
        """
        self.fate = self.fate or Fate.REVOKED
        answers = dict(self._answers)
        for number in answers:
            self._send({"id": number}, "cancel")
        try:
            async with asyncio.timeout(timeout_seconds):
                for answer in answers.values():
                    await answer.ended.wait()
        except TimeoutError:
            await self.kill()
        else:
            await self.stop()

    async def set_budget(self, budget_bytes: int) -> None:
        """Change the private memory that a loaded engine may use; return once it keeps to that.

        More may be used at once. Less holds from the step after the one that runs: until then
        nobody is killed for what was granted before. An engine that cannot do with less goes on as
        before, and over the budget it is ended.

        Raises:
            EngineFailed: ENGINE_CRASHED, ENGINE_OVER_BUDGET, the process is gone.
            Busy: ENGINE_STOPPED, it was stopped.
        """
        if self._watch is not None:
            self._watch.budget_bytes = max(self._watch.budget_bytes, budget_bytes)
        if self.exited.is_set():
            raise self._gone()
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._budgets.append(kept)
        self._send({"budget_bytes": budget_bytes}, "budget")
        if not await asyncio.shield(kept):
            raise self._gone()

    async def stop(self) -> None:
        """End the process: ask, then kill; return once it is reaped."""
        self.fate = self.fate or Fate.STOPPED
        self._send({}, "stop")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.description.close_seconds):
                await self.exited.wait()
        await self.kill()

    async def kill(self) -> None:
        """Kill the process; return once it is reaped."""
        self._end(Fate.STOPPED)
        await self.exited.wait()

    async def _see_cancelled(self, number: int, answer: _Answer) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await answer.ended.wait()
        except TimeoutError:
            await self.kill()
        self._answers.pop(number, None)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Hand each message to its call until the child is gone."""
        try:
            while (message := await wire.read(reader)) is not None:
                self._take_in(message)
        finally:
            # Whatever ended the conversation, a child nobody listens to must not live on.
            self._end(Fate.DIED)
            await self._child.wait()
            self._writer.close()
            self.exited.set()
            if not self._ready.done():
                self._ready.set_result({"type": "gone"})
            for kept in self._budgets:
                kept.set_result(False)
            for answer in self._answers.values():
                answer.inbox.put_nowait({"type": "gone"})
                answer.ended.set()

    def _take_in(self, message: wire.Message) -> None:
        if message["type"] == "pong":
            self._is_answering = True
            return
        self._message_count += 1
        match message["type"]:
            case "ready" | "failed":
                self._ready.set_result(message)
            case "kept":
                if self._watch is not None:
                    self._watch.budget_bytes = message["budget_bytes"]
                self._budgets.popleft().set_result(True)
            case "over_budget":
                self._end(Fate.OVER_BUDGET)
            case "users":
                self._take_in_users((self.identity, *_USERS.validate_python(message["users"])))
            case kind if (answer := self._answers.get(message["id"])) is not None:
                answer.inbox.put_nowait(message)
                if kind != "event":
                    answer.ended.set()
                if "work" in message:
                    answer.worked(_WORK.validate_python(message["work"]))

    def _take_in_users(self, users: tuple[ProcessIdentity, ...]) -> None:
        if users != self.users:
            self.users = users
            self.on_users()

    def _end(self, fate: Fate) -> None:
        """Kill the child, and remember why unless something else came first."""
        if self.fate is None:
            self.fate = fate
            if fate in (Fate.LOST, Fate.OVER_BUDGET):
                about = {"fate": fate.name.lower(), "engine_pid": self.identity.pid}
                log.error("engine_ended", extra=about)
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    async def _feel_pulse(self) -> None:
        """Kill a process that is frozen or hangs; its calls fail and are tried again."""
        pulse = Pulse()
        while not self.exited.is_set():
            self._is_answering = False
            self._send({}, "ping")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self.exited.wait()
            sign = Sign(
                self._is_answering,
                self._is_owing(),
                self._message_count,
                cpu_seconds(self.identity.pid),
            )
            if not self.exited.is_set() and pulse.is_lost(sign):
                self._end(Fate.LOST)
                return

    async def _watch_memory(self, watch: MemoryWatch) -> None:
        """Kill a process that stays above its budget; its calls fail, and are tried again."""
        while not self.exited.is_set():
            if watch.is_over(self._look_at_memory()):
                self._end(Fate.OVER_BUDGET)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_EVERY_SECONDS):
                    await self.exited.wait()

    def _look_at_memory(self) -> int:
        size_bytes = private_bytes(self.identity.pid)
        self._peak_bytes = max(self._peak_bytes, size_bytes)
        return size_bytes

    def _is_owing(self) -> bool:
        """Tell whether the load, or a call whose reader has read all there is, waits for it."""
        is_loading = self._load_sent and not self._ready.done()
        return (
            is_loading
            or bool(self._budgets)
            or any(
                answer.inbox.empty() and not answer.ended.is_set()
                for answer in self._answers.values()
            )
        )

    def _send(self, body: dict[str, Any], kind: str) -> None:
        if not self.exited.is_set():
            self._writer.write(wire.encode({"type": kind, **body}))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gone(self) -> BrickworkError:
        return (self.fate or Fate.DIED).error


def _raised(message: wire.Message) -> BrickworkError:
    return error_of(
        message["code"],
        message["reason"],
        message["message"],
        message["metadata"],
        message["retry_after_seconds"],
    )
