"""A piece of a stage's result, kept as soon as it is there."""

from dataclasses import dataclass
from typing import Any

from brickwork_gateway.ledger.job import StageName


@dataclass(frozen=True)
class Chunk:
    """One result of a stage.

    Attributes:
        key: names the chunk within its stage, and puts it in order. A chunk written
            twice is one chunk, so that a repeated stage can neither lose nor double it.
        body: JSON object; its shape is the stage's own.
    """

    stage: StageName
    key: str
    body: dict[str, Any]
