"""The engine process: `python -m brickwork_sdk.engine.child DESCRIPTOR`.

The main thread owns the model and runs everything that touches it; a second thread only reads the
socket, so that in the middle of a batch an end of file (the brick is gone) ends this process, and a
ping is answered.
"""

import ctypes
import dataclasses
import inspect
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
import typing
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from brickwork_sdk.engine import wire
from brickwork_sdk.engine.budget import Budget, Elastic, host_budget_bytes
from brickwork_sdk.engine.calls import WEIGHTS, Call, CallTable
from brickwork_sdk.engine.data_limit import close_holes, is_out_of_memory, limit_data
from brickwork_sdk.engine.description import Engine
from brickwork_sdk.engine.engine_module import engine_module
from brickwork_sdk.engine.work import EngineWork
from brickwork_sdk.errors import BrickworkError, EngineFailed, Reason
from brickwork_sdk.logs import write_logs
from brickwork_sdk.processes import ProcessIdentity

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_OVER_BUDGET = wire.encode({"type": "over_budget"})
"""Made beforehand: when it is sent there may be no memory to make it in."""


def main() -> int:
    """Serve one model over the inherited socket until the brick closes it."""
    _die_with_parent()
    connection = socket.socket(fileno=int(sys.argv[1]))
    inbox: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
    host = Host(connection, inbox)
    write_logs("engine", "WARNING", lambda: host.trace_id)
    threading.Thread(target=_read, args=(connection, inbox, host), daemon=True).start()
    try:
        host.load()
    except Exception as error:
        host.end_if_refused(error)
        host.send({"type": "failed", **_described(error)})
        return 1
    host.serve()
    return 0


class Host:
    """Advances the calls of one engine and sends what they yield.

    Attributes:
        trace_id: the trace of the call that is worked on; None outside of one.
    """

    trace_id: str | None = None

    def __init__(self, connection: socket.socket, inbox: "queue.SimpleQueue[wire.Message]") -> None:
        self._connection = connection
        self._inbox = inbox
        self._calls = CallTable()
        self._sending = threading.Lock()
        self._options: Mapping[str, str] = {}

    def load(self) -> None:
        """Load the model that the first message names."""
        order = self._inbox.get()
        self._options = order["options"]
        module = engine_module(order["module"])
        self._limit_data()
        # An engine that represents a server has to name processes that are not this one.
        takes_it = "name_users" in inspect.signature(module.load).parameters
        voice = {"name_users": self.name_users} if takes_it else {}
        self._engine: Engine = module.load(Path(order["model_dir"]), self._options, **voice)
        self._limit_data()  # Its threads are there now, and their stacks are reserved.
        self.send({"type": "ready", **dataclasses.asdict(self._engine.describe())})

    def serve(self) -> None:
        """Advance calls in turn; sleep on the inbox while there is nothing to advance."""
        while True:
            call = self._calls.next()
            if call is not None and self._inbox.empty():
                self._step(call)
                continue
            message = self._inbox.get()
            if message["type"] == "stop":
                break
            self._obey(message)
        self._engine.close()

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message; blocks while the brick does not read."""
        frame = wire.encode(message)
        with self._sending:
            self._connection.sendall(frame)

    def name_users(self, users: Sequence[ProcessIdentity]) -> None:
        """Tell the brick which other processes use the memory now; on any thread."""
        self.send({"type": "users", "users": [dataclasses.asdict(user) for user in users]})

    def end_if_refused(self, error: Exception) -> None:
        """End this process at once if the error says that memory was refused to it.

        Whatever library met that may be half done, so no other call should trust it.
        """
        if Budget.of(self._options).granted_bytes is not None and is_out_of_memory(error):
            self._connection.sendall(_OVER_BUDGET)
            os._exit(1)

    def _obey(self, message: wire.Message) -> None:
        match message["type"]:
            case "call":
                self._begin(message)
            case "credit":
                self._calls.give_credit(message["id"], message["count"])
            case "cancel":
                self._cancel(message["id"])
            case "budget":
                self._keep_to(message["budget_bytes"])

    def _keep_to(self, budget_bytes: int) -> None:
        """Change what may be used, in the engine first: the limit must not meet its old size."""
        self._options = {**self._options, "budget_bytes": str(budget_bytes)}
        if isinstance(self._engine, Elastic):
            self._engine.set_budget(budget_bytes)
        close_holes()
        self._limit_data()
        self.send({"type": "kept", "budget_bytes": budget_bytes})

    def _limit_data(self) -> None:
        budget_bytes = host_budget_bytes(self._options)
        if budget_bytes is not None:
            limit_data(budget_bytes)

    def _begin(self, message: wire.Message) -> None:
        number = message["id"]
        self.trace_id = message["trace_id"]
        try:
            method = getattr(self._engine, message["method"])
            kind = typing.get_type_hints(method)["request"]
            steps = method(wire.adapter(kind).validate_python(message["request"]))
        except (BrickworkError, ValidationError, AttributeError) as error:
            self.send({"type": "error", "id": number, **_described(error)})
            return
        weight = WEIGHTS.get(message["work_class"], 1.0)
        self._calls.add(Call(number, steps, weight, message["credit"], trace_id=self.trace_id))

    def _cancel(self, number: int) -> None:
        call = self._calls.remove(number)
        if call is not None:
            self.trace_id = call.trace_id
            if isinstance(call.steps, Generator):
                try:
                    call.steps.close()
                except Exception as error:
                    # Its caller has left; the log is told, and the other calls go on.
                    _described(error)
            self.send({"type": "end", "id": number, "is_cancelled": True, **_worked(call)})

    def _step(self, call: Call) -> None:
        self.trace_id = call.trace_id
        try:
            event = self._calls.advance(call, time.monotonic)
        except StopIteration:
            self._tell(call, call.rest())
            self._calls.remove(call.number)
            self.send({"type": "end", "id": call.number, **_worked(call)})
        except Exception as error:
            self.end_if_refused(error)
            self._tell(call, call.rest())
            self._calls.remove(call.number)
            self.send({"type": "error", "id": call.number, **_worked(call), **_described(error)})
        else:
            self._tell(call, call.due(event, time.monotonic()))

    def _tell(self, call: Call, events: Sequence[object]) -> None:
        for event in events:
            call.credit -= 1
            value = wire.adapter(type(event)).dump_python(event, mode="json")
            kind = type(event).__name__
            self.send({"type": "event", "id": call.number, "kind": kind, "value": value})


def _read(connection: socket.socket, inbox: "queue.SimpleQueue[wire.Message]", host: Host) -> None:
    try:
        while (message := wire.receive(connection)) is not None:
            if message["type"] == "ping":
                host.send({"type": "pong"})
            else:
                inbox.put(message)
    finally:
        # The brick is gone, perhaps between a ping and its answer: nobody will read a result, and
        # its memory must come back now.
        os._exit(0)


def _worked(call: Call) -> dict[str, object]:
    """Say when a call was worked on; nothing of one that never had its turn."""
    if call.began_seconds is None:
        return {}
    work = EngineWork(call.began_seconds, time.monotonic(), call.busy_seconds, call.step_count)
    return {"work": dataclasses.asdict(work)}


def _described(error: Exception) -> dict[str, object]:
    """Say what went wrong in a form that crosses the socket."""
    if not isinstance(error, BrickworkError):
        # Only the type and the places: the text of a foreign exception may quote content.
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("engine_failed", extra={"error": type(error).__name__, "places": places})
        error = EngineFailed(
            Reason.ENGINE_FAILED,
            f"The engine failed with {type(error).__name__}.",
            metadata={"error": type(error).__name__},
        )
    return {
        "code": error.code.name,
        "reason": error.reason.value,
        "message": error.message,
        "metadata": error.metadata,
        "retry_after_seconds": error.retry_after_seconds,
    }


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when the brick dies.

    The reading thread cannot notice it while native code holds the interpreter lock.
    Source: prctl(2), PR_SET_PDEATHSIG; the parent may be gone before the call, hence the check.
    """
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    # Control-C in a terminal reaches the whole group; only the brick decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    raise SystemExit(main())
