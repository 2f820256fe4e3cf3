"""What an engine says of itself once its model is loaded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from brickwork_sdk.processes import ProcessIdentity

NameUsers = Callable[[Sequence[ProcessIdentity]], None]
"""Told which processes besides the engine's own use its memory now, from any thread."""


@dataclass(frozen=True)
class EngineDescription:
    """How a model runs.

    Attributes:
        engine: library and version, such as "faster-whisper 1.2.1".
        precision: number format of the weights, such as "int8".
        device: where it runs, "cpu" or "cuda:0", or "server".
        close_seconds: how long it may take to let go of the model before its process is killed.
        users_live_on: whether the processes that it named go on once it has let go, so that their
            death cannot prove that the memory is free.
    """

    engine: str
    precision: str
    device: str
    close_seconds: float = 2.0
    users_live_on: bool = False


class Engine(Protocol):
    """What the engine process asks of every engine.

    The module's `load(model_dir, options)` returns it. A `load` that takes a third parameter
    `name_users` is given a `NameUsers`, to name processes of others that hold the model for it.

    Besides these two, an engine has generator methods. Each takes one frozen dataclass named
    `request` and yields frozen dataclasses; each step does at most one batch of work, because the
    process advances its calls in turn and a call can only be cancelled between two steps.
    """

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        ...

    def close(self) -> None:
        """Let go of the model; the process ends right after."""
        ...
