"""Who holds memory, who waits for it, and why."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from brickwork_gateway.door import TheDoor
from brickwork_gateway.memory import Memory
from brickwork_gateway.memory_stream import memory_stream

router = APIRouter(prefix="/v1/gpu")


@router.get("")
async def get_memory(door: TheDoor) -> dict[str, Any]:
    """Tell what each device has, who holds how much of it, and who waits for how much."""
    return await Memory(door.broker).view()


@router.get("/tokens/{token_id}/wait")
async def get_wait(
    token_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{8,64}$")], door: TheDoor
) -> dict[str, Any]:
    """Tell why a token waits, for how long still, and who makes room for it."""
    return await Memory(door.broker).wait(token_id)


@router.get("/events")
async def stream_memory(door: TheDoor) -> StreamingResponse:
    """Stream the same as `/v1/gpu` whenever it changes; `problem` while the broker is away."""
    return StreamingResponse(
        memory_stream(Memory(door.broker)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )
