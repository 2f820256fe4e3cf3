"""What the engine process tells of a call that is over."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class EngineWork:
    """When a call was worked on, by the monotonic clock that all processes of a machine share.

    Attributes:
        began_seconds: its first step.
        ended_seconds: the end of its last one.
        busy_seconds: time in its own steps; between them other calls had their turn.
        step_count: how many steps it took.
    """

    began_seconds: Seconds
    ended_seconds: Seconds
    busy_seconds: Seconds
    step_count: Annotated[int, Field(ge=0)]
