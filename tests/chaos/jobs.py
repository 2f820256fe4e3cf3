"""Jobs that are sent through trouble, and what they must be at the end."""

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from tests.conftest import Mesh

SEGMENT_SECONDS = 2
"""A scripted engine says one numbered sentence for so much sound."""
JOB_SECONDS_MAX = 240.0
CALL_SECONDS = 30.0


@dataclass(frozen=True)
class Order:
    """A recording to send, how long it is, and what else is asked for."""

    recording: bytes
    seconds: int
    query: str = ""

    @property
    def segments(self) -> list[tuple[int, str]]:
        """Start and text of each segment that must come."""
        count = self.seconds // SEGMENT_SECONDS
        return [(number * 1000 * SEGMENT_SECONDS, f"Sentence {number}.") for number in range(count)]


def send(mesh: Mesh, order: Order) -> str:
    """Send a recording until somebody takes it, as a caller would; return the id of its job."""
    deadline = time.monotonic() + JOB_SECONDS_MAX
    while True:
        try:
            url = f"{mesh.address}/v1/jobs{order.query}"
            answer = httpx.post(url, content=order.recording, timeout=CALL_SECONDS)
            if answer.status_code == httpx.codes.CREATED:
                return str(answer.json()["job_id"])
            assert answer.json()["reason"] in ("STORAGE_FULL", "STORAGE_UNREACHABLE"), answer.text
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nobody takes a recording any more"
        time.sleep(0.5)  # as a caller would who was asked to come again


def wait_for_segment(mesh: Mesh, job_id: str, count: int) -> None:
    """Return once so many segments are shown: the job is in mid-work."""
    url = f"{mesh.address}/v1/jobs/{job_id}/events"
    with httpx.stream("GET", url, timeout=60) as events:
        for line in events.iter_lines():
            count -= line == "event: segment"
            if count == 0:
                return
    raise AssertionError("the job ended before it was to be disturbed")


def ended(mesh: Mesh, job_id: str) -> dict[str, Any]:
    """Follow a job to its end over connections that may break; return what is shown of it."""
    deadline = time.monotonic() + JOB_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            job: dict[str, Any] = _get(mesh, f"/v1/jobs/{job_id}").json()
            if job["state"] != "running":
                return job
        except httpx.TransportError:
            pass  # the gateway is down; its next one knows the job
        time.sleep(0.5)
    raise AssertionError(f"the job does not end: {json.dumps(job)}")


def check(mesh: Mesh, job_id: str, order: Order) -> None:
    """Assert that a job delivered all of its result, once and whole."""
    job = ended(mesh, job_id)
    assert job["state"] == "completed", job
    assert job["missing"] == [], job
    expected = order.segments
    artifacts = _get(mesh, f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
    bodies = {}
    for one in artifacts:
        body = _get(mesh, f"/v1/jobs/{job_id}/artifacts/{one['name']}").content
        assert hashlib.sha256(body).hexdigest() == one["sha256"]
        assert len(body) == one["size_bytes"]
        bodies[one["name"]] = body.decode()
    result = json.loads(bodies["result.json"])
    assert [(one["start_ms"], one["text"]) for one in result["segments"]] == expected
    for name in ("transcript.srt", "transcript.vtt"):
        assert bodies[name].count(" --> ") == len(expected), name
        assert bodies[name].endswith("\n\n"), name
    assert len(bodies["transcript.txt"].splitlines()) == len(expected)
    events = _get(mesh, f"/v1/jobs/{job_id}/events").text
    assert events.count("event: segment\n") == len(expected)


def _get(mesh: Mesh, path: str) -> httpx.Response:
    answer = httpx.get(mesh.address + path, timeout=CALL_SECONDS)
    answer.raise_for_status()
    return answer
