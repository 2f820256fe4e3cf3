"""How the gateway and what it leans on are."""

import asyncio
from typing import Any

import grpc
from fastapi import APIRouter
from grpc_health.v1 import health_pb2, health_pb2_grpc

from brickwork_gateway.door import TheDoor
from brickwork_sdk.channels import open_channel

router = APIRouter(prefix="/v1/health")
_ASK_SECONDS = 1.0


@router.get("")
async def get_health(door: TheDoor) -> dict[str, Any]:
    """Tell what answers; `status` is `degraded` when anything does not.

    The answer is 200 all the same: a degraded gateway still takes jobs.
    """
    transport, *bricks = await asyncio.gather(
        asyncio.to_thread(door.is_transport_reachable),
        *(_is_serving(address) for address in door.bricks.values()),
    )
    return {
        "status": "ok" if transport and all(bricks) else "degraded",
        "transport": _word(transport),
        "bricks": {name: _word(serves) for name, serves in zip(door.bricks, bricks, strict=True)},
    }


@router.get("/live")
async def get_life() -> dict[str, str]:
    """Tell that this process runs, and ask nobody: for whoever starts it again when it hangs."""
    return {"status": "ok"}


async def _is_serving(address: str) -> bool:
    async with open_channel(address) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=_ASK_SECONDS
            )
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _word(is_reachable: bool) -> str:
    return "ok" if is_reachable else "unreachable"
