"""What a job delivered."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from brickwork.common.v1.common_pb2 import ObjectRef
from brickwork_gateway.door import TheDoor
from brickwork_gateway.ledger.job import StageName
from brickwork_sdk.errors import NotFound, Reason

router = APIRouter(prefix="/v1/jobs/{job_id}/artifacts")


@router.get("")
def list_artifacts(job_id: str, door: TheDoor) -> dict[str, list[dict[str, Any]]]:
    """List the artifacts of a job; none before it is completed."""
    return {"artifacts": _artifacts(job_id, door)}


@router.get("/{name}")
def get_artifact(job_id: str, name: str, door: TheDoor) -> FileResponse:
    """Send an artifact."""
    for artifact in _artifacts(job_id, door):
        if artifact["name"] == name:
            return FileResponse(
                door.objects.path(ObjectRef(sha256=artifact["sha256"])),
                media_type=artifact["media_type"],
                filename=name,
                headers={"X-Content-Type-Options": "nosniff", "ETag": f'"{artifact["sha256"]}"'},
            )
    raise NotFound(
        Reason.ARTIFACT_UNKNOWN,
        "The job has no such artifact, or not yet.",
        metadata={"job": job_id, "artifact": name},
    )


def _artifacts(job_id: str, door: TheDoor) -> list[dict[str, Any]]:
    door.ledger.get(job_id)
    return [chunk.body for chunk in door.ledger.chunks(job_id, StageName.PUBLISH)]
