"""The brick's side of its engine process."""

import asyncio
import contextlib
import itertools
import logging
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from brickwork_sdk.engine import wire
from brickwork_sdk.engine.description import EngineDescription
from brickwork_sdk.engine.pulse import LOOK_EVERY_SECONDS, Pulse, Sign
from brickwork_sdk.engine.work import EngineWork
from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    DeadlineExceeded,
    EngineFailed,
    Reason,
    error_of,
)
from brickwork_sdk.processes import ProcessIdentity, cpu_seconds, identify

log = logging.getLogger(__name__)

CREDIT = 8
"""Events of one call that may be under way; a reader slower than that stops the work."""
CANCEL_SECONDS = 2.0
"""A call that was cancelled and still runs after this long has its process killed."""
STOP_SECONDS = 2.0
"""A process that was asked to stop and still runs after this long is killed."""


_WORK = TypeAdapter(EngineWork)


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
        exited: set once the child is gone, for whatever reason, and reaped.
    """

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        identity: ProcessIdentity,
        writer: asyncio.StreamWriter,
        load: dict[str, Any],
    ) -> None:
        self.identity = identity
        self.exited = asyncio.Event()
        self.description = EngineDescription("", "", "")
        self._child = child
        self._writer = writer
        self._load = load
        self._numbers = itertools.count(1)
        self._answers: dict[int, _Answer] = {}
        self._ready: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()
        self._stopping = False
        self._load_sent = False
        self._is_lost = False
        self._is_answering = True
        self._message_count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def spawn(
        cls, module: str, model_dir: Path, options: Mapping[str, str]
    ) -> "EngineProcess":
        """Start a child that will run `module.load(model_dir, options)` once `loaded` is called.

        Until then it uses no memory worth speaking of, so that its token can name it first.
        """
        ours, theirs = socket.socketpair()
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
            ours.close()
            raise EngineFailed(Reason.ENGINE_CRASHED, "The engine process ended as it began.")
        reader, writer = await asyncio.open_connection(sock=ours)
        load = {"module": module, "model_dir": str(model_dir), "options": dict(options)}
        process = cls(child, identity, writer, load)
        process._keep(asyncio.create_task(process._listen(reader)))
        process._keep(asyncio.create_task(process._feel_pulse()))
        return process

    async def loaded(self, timeout_seconds: float) -> EngineDescription:
        """Load the model and wait until it is there; to be called once.

        Raises:
            BrickworkError: what the engine's `load` raised; the process has ended.
            EngineFailed: ENGINE_CRASHED, the process died or hung while loading.
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
        if message["type"] == "failed":
            await self.exited.wait()
            raise _raised(message)
        self.description = EngineDescription(
            message["engine"], message["precision"], message["device"]
        )
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
            EngineFailed: ENGINE_CRASHED, the process died, or was killed because it hung.
            Busy: ENGINE_STOPPED, the process was stopped; try again.
        """
        kinds: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in events}
        number, answer = next(self._numbers), _Answer(worked)
        if self.exited.is_set():
            raise self._gone()
        self._answers[number] = answer
        value = TypeAdapter(type(request)).dump_python(request, mode="json")
        call = {"id": number, "method": method, "request": value, "work_class": work_class}
        self._send({**call, "credit": CREDIT, "trace_id": trace_id}, "call")
        unread = CREDIT
        try:
            while True:
                message = await answer.inbox.get()
                match message["type"]:
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

    async def stop(self) -> None:
        """End the process: ask, then kill; return once it is reaped."""
        self._stopping = True
        self._send({}, "stop")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.exited.wait()
        await self.kill()

    async def kill(self) -> None:
        """Kill the process; return once it is reaped."""
        self._stopping = True
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
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
                if message["type"] == "pong":
                    self._is_answering = True
                    continue
                self._message_count += 1
                if message["type"] in ("ready", "failed"):
                    self._ready.set_result(message)
                elif (answer := self._answers.get(message["id"])) is not None:
                    answer.inbox.put_nowait(message)
                    if message["type"] != "event":
                        answer.ended.set()
                    if "work" in message:
                        answer.worked(_WORK.validate_python(message["work"]))
        finally:
            # Whatever ended the conversation, a child nobody listens to must not live on.
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()
            self._writer.close()
            self.exited.set()
            if not self._ready.done():
                self._ready.set_result({"type": "failed", **self._crash_report()})
            for answer in self._answers.values():
                answer.inbox.put_nowait({"type": "gone"})
                answer.ended.set()

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
                log.error("engine_lost", extra={"engine_pid": self.identity.pid})
                self._is_lost = True
                with contextlib.suppress(ProcessLookupError):
                    self._child.kill()
                return

    def _is_owing(self) -> bool:
        """Tell whether the load, or a call whose reader has read all there is, waits for it."""
        is_loading = self._load_sent and not self._ready.done()
        return is_loading or any(
            answer.inbox.empty() and not answer.ended.is_set() for answer in self._answers.values()
        )

    def _send(self, body: dict[str, Any], kind: str) -> None:
        if not self.exited.is_set():
            self._writer.write(wire.encode({"type": kind, **body}))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gone(self) -> BrickworkError:
        if self._stopping:
            return Busy(
                Reason.ENGINE_STOPPED, "The engine process was stopped.", retry_after_seconds=1.0
            )
        return error_of(**self._crash_report())

    def _crash_report(self) -> dict[str, Any]:
        fate = "gave no sign of life and was killed" if self._is_lost else "died"
        return {
            "code": "INTERNAL",
            "reason": Reason.ENGINE_CRASHED.value,
            "message": f"The engine process {fate}; a fresh one serves the next call.",
            "metadata": {},
        }


def _raised(message: wire.Message) -> BrickworkError:
    return error_of(message["code"], message["reason"], message["message"], message["metadata"])
