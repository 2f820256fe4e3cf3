"""Whatever is killed while a job runs, the job ends with every segment once."""

import json
import random
import signal
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest

from brickwork_sdk.testing.recordings import tone, write_recording
from tests.conftest import Mesh

SECONDS = 1200
LATEST_SEGMENT = 60
"""A tenth of the recording: after that a fast machine might be done before the blow falls."""
EXPECTED = [(number * 2000, f"Sentence {number}.") for number in range(SECONDS // 2)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recordings") / "long.flac"
    return write_recording(path, tone(SECONDS)).read_bytes()


def engine_of(brick: str) -> Callable[[Mesh], psutil.Process]:
    """Find the engine process of a brick."""

    def find(mesh: Mesh) -> psutil.Process:
        children = mesh.process(brick).children()
        (engine,) = [one for one in children if "brickwork_sdk.engine.child" in one.cmdline()]
        return engine

    return find


def named(name: str) -> Callable[[Mesh], psutil.Process]:
    """Find a process of the mesh by its name."""
    return lambda mesh: mesh.process(name)


@pytest.mark.parametrize(
    "find",
    [
        pytest.param(named("asr"), id="brick"),
        pytest.param(engine_of("asr"), id="engine process"),
        pytest.param(named("worker-interactive"), id="worker"),
        pytest.param(named("valkey"), id="valkey"),
        pytest.param(named("broker"), id="broker"),
        pytest.param(named("gateway"), id="gateway"),
    ],
)
def test_no_segment_is_lost_or_doubled(
    mesh: Mesh, recording: bytes, find: Callable[[Mesh], psutil.Process], round_number: int
) -> None:
    moment = random.Random(round_number).randrange(1, LATEST_SEGMENT)  # noqa: S311 - no secret
    with httpx.Client(base_url=mesh.address, timeout=60) as http:
        job = http.post("/v1/jobs", content=recording).json()
        wait_for_segment(http, job["job_id"], moment)
        victim = find(mesh)
        victim.send_signal(signal.SIGKILL)
        victim.wait(timeout=10)
    result = result_of(mesh, job["job_id"])
    found = [(segment["start_ms"], segment["text"]) for segment in result["segments"]]
    assert found == EXPECTED
    assert result["missing"] == []


def wait_for_segment(http: httpx.Client, job_id: str, count: int) -> None:
    """Return once so many segments are shown: the job is in mid-work."""
    with http.stream("GET", f"/v1/jobs/{job_id}/events") as events:
        for line in events.iter_lines():
            count -= line == "event: segment"
            if count == 0:
                return
    raise AssertionError("the job ended before it was to be disturbed")


def result_of(mesh: Mesh, job_id: str) -> dict[str, Any]:
    """Follow a job to its end over connections that may break, and fetch its result."""
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(base_url=mesh.address, timeout=120, transport=transport) as http:
        state = "running"
        while state == "running":
            try:
                http.get(f"/v1/jobs/{job_id}/events")
                state = http.get(f"/v1/jobs/{job_id}").json()["state"]
            except httpx.TransportError:
                continue
        assert state == "completed"
        content = http.get(f"/v1/jobs/{job_id}/artifacts/result.json").content
        result: dict[str, Any] = json.loads(content)
        return result
