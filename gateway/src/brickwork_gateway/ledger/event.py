"""What happened to a job, in the order in which it happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.ledger.views import job_head, stage_view

_SHOWN_CHUNKS = {
    StageName.TRANSCRIBE: "segment",
    StageName.READ_VIDEO: "slide",
    StageName.TRANSLATE: "translation",
}
"""Results that are worth showing while the work still goes on."""


@dataclass(frozen=True)
class Event:
    """One event of a job.

    Attributes:
        kind: `job`, `stage`, `segment`, `slide` or `translation`.
        body: JSON object; what the reader is shown.
        sequence: position among the events of its job, from 1; 0 until it is kept.
    """

    kind: str
    body: dict[str, Any]
    sequence: int = 0


def events_between(old: Job | None, new: Job, chunks: Sequence[Chunk]) -> list[Event]:
    """Tell the change from one state of a job to the next as events.

    The event that ends a job comes last, so that a reader may leave after it.
    """
    events = [
        Event(_SHOWN_CHUNKS[chunk.stage], chunk.body)
        for chunk in chunks
        if chunk.stage in _SHOWN_CHUNKS
    ]
    before = {stage.name: stage_view(stage) for stage in old.stages} if old else {}
    events += [
        Event("stage", stage_view(stage))
        for stage in new.stages
        if before.get(stage.name) != stage_view(stage)
    ]
    if old is None or old.state is not new.state:
        head = Event("job", job_head(new))
        events = [head, *events] if old is None else [*events, head]
    return events
