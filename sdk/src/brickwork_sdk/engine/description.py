"""What an engine says of itself once its model is loaded."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class EngineDescription:
    """How a model runs.

    Attributes:
        engine: library and version, such as "faster-whisper 1.2.1".
        precision: number format of the weights, such as "int8".
        device: where it runs, "cpu" or "cuda:0".
    """

    engine: str
    precision: str
    device: str


class Engine(Protocol):
    """What the engine process asks of every engine.

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
