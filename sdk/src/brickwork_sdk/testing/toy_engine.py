"""An engine that does on request whatever an engine process must survive."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.description import NameUsers
from brickwork_sdk.errors import InvalidInput, NotFound, Reason
from brickwork_sdk.processes import identify


@dataclass(frozen=True)
class CountRequest:
    """Count from 0 to below `count`, touching `trace` at the end of the generator."""

    count: int
    trace: Path | None = None


@dataclass(frozen=True)
class Number:
    """A counted number."""

    value: int


@dataclass(frozen=True)
class HoldRequest:
    """Hold so much memory, piece by piece."""

    size_bytes: int
    piece_bytes: int


class ToyEngine:
    """Counts, fails, dies, hangs and holds memory."""

    def __init__(self, granted_bytes: int = 0) -> None:
        self._granted_bytes = granted_bytes
        self._held: list[bytes] = []

    def set_budget(self, granted_bytes: int) -> None:
        """Remember it, and let go of what is held."""
        self._granted_bytes = granted_bytes
        self._held.clear()

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("toy 1", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def count(self, request: CountRequest) -> Iterator[Number]:
        """Yield the numbers; leave the trace however the generator ends."""
        try:
            for value in range(request.count):
                yield Number(value)
        finally:
            if request.trace is not None:
                request.trace.touch()

    def refuse(self, request: CountRequest) -> Iterator[Number]:
        """Yield one number, then raise an error of the catalogue."""
        yield Number(0)
        raise InvalidInput(Reason.ARGUMENT_INVALID, "No.", metadata={"field": "count"})

    def break_down(self, request: CountRequest) -> Iterator[Number]:
        """Yield one number, then raise an error of no catalogue."""
        yield Number(0)
        raise RuntimeError("the words of a recording")

    def cling(self, request: CountRequest) -> Iterator[Number]:
        """Yield numbers for ever, and fail when told to leave off."""
        try:
            while True:
                yield Number(0)
        finally:
            raise RuntimeError("the words of a recording")

    def die(self, request: CountRequest) -> Iterator[Number]:
        """Yield one number, then be killed."""
        yield Number(0)
        os.kill(os.getpid(), signal.SIGKILL)
        yield Number(1)

    def hold(self, request: HoldRequest) -> Iterator[Number]:
        """Yield the bytes held after each piece, and then for ever."""
        while True:
            if sum(map(len, self._held)) < request.size_bytes:
                self._held.append(b"x" * request.piece_bytes)
            yield Number(sum(map(len, self._held)))

    def budget(self, request: CountRequest) -> Iterator[Number]:
        """Yield the bytes that were granted, as often as asked for."""
        for _ in range(request.count):
            yield Number(self._granted_bytes)

    def hang(self, request: CountRequest) -> Iterator[Number]:
        """Open the trace (a FIFO, so that a test knows), then never come back from a step."""
        if request.trace is not None:
            request.trace.open("w").close()
        threading.Event().wait()
        yield Number(0)


def load(model_dir: Path, options: Mapping[str, str], name_users: NameUsers) -> ToyEngine:
    """Load, or do what the option `load` says: "refuse", "die", "hang", "swell" or "share".

    To share is to say that the process that started this one uses its memory too.
    """
    match options.get("load"):
        case "share":
            parent = identify(os.getppid())
            name_users([parent] if parent else [])
        case "refuse":
            raise NotFound(Reason.MODEL_MISSING, "There is no such model.")
        case "die":
            os._exit(3)
        case "hang":
            threading.Event().wait()
        case "swell":
            return ToyEngine(len(b"x" * 2**31))
    return ToyEngine(Budget.of(options).granted_bytes or 0)
