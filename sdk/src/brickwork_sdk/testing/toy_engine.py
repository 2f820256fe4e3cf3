"""An engine that does on request whatever an engine process must survive."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import InvalidInput, NotFound, Reason


@dataclass(frozen=True)
class CountRequest:
    """Count from 0 to below `count`, touching `trace` at the end of the generator."""

    count: int
    trace: Path | None = None


@dataclass(frozen=True)
class Number:
    """A counted number."""

    value: int


class ToyEngine:
    """Counts, fails, dies and hangs."""

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

    def hang(self, request: CountRequest) -> Iterator[Number]:
        """Open the trace (a FIFO, so that a test knows), then never come back from a step."""
        if request.trace is not None:
            request.trace.open("w").close()
        threading.Event().wait()
        yield Number(0)


def load(model_dir: Path, options: Mapping[str, str]) -> ToyEngine:
    """Load, or do what the option `load` says: "refuse", "die" or "hang"."""
    match options.get("load"):
        case "refuse":
            raise NotFound(Reason.MODEL_MISSING, "There is no such model.")
        case "die":
            os._exit(3)
        case "hang":
            threading.Event().wait()
    return ToyEngine()
