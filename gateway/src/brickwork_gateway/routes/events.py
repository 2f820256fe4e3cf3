"""What happens to a job, as it happens."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from brickwork_gateway.door import TheDoor
from brickwork_gateway.streams import event_stream

router = APIRouter(prefix="/v1/jobs/{job_id}/events")
LAST_EVENT_ID_MAX = 2**63 - 1
"""The ledger numbers with 64 bits."""


@router.get("")
def stream_events(
    job_id: str,
    door: TheDoor,
    last_event_id: Annotated[int, Header(ge=0, le=LAST_EVENT_ID_MAX)] = 0,
) -> StreamingResponse:
    """Stream the events of a job, from after `Last-Event-ID` to the job's end."""
    door.ledger.get(job_id)
    return StreamingResponse(
        event_stream(door.ledger, job_id, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )
