"""The addresses, asked as a program on this machine asks them."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from brickwork_gateway.app import make_app
from brickwork_gateway.door import Door
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Claim, Job, Report, StageName
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import keep
from brickwork_gateway.uploads import Uploads
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.testing.bricks import Script, served_bricks
from brickwork_sdk.testing.clock import ManualClock
from brickwork_sdk.testing.recordings import silence, slide, tone, write_recording
from brickwork_sdk.testing.telemetry import recorded_spans

Make = Callable[..., Job]
UPLOAD_BYTES_MAX = 1_000_000
GONE = {name: "unix:/nobody/here.sock" for name in ("asr", "diarize", "ocr", "translate", "llm")}


@dataclass
class Gateway:
    """The application and what stands behind it."""

    http: httpx.AsyncClient
    ledger: SqliteLedger
    objects: ObjectStore
    folder: Path

    async def post(self, body: bytes, **query: str | list[str]) -> httpx.Response:
        return await self.http.post("/v1/jobs", params=query, content=body)

    def left_behind(self) -> list[str]:
        uploads = [path.name for path in (self.folder / "uploads").iterdir()]
        return uploads + [path.name for path in (self.folder / "objects").glob("default/*/*")]


async def serve(folder: Path, bricks: dict[str, str]) -> AsyncIterator[Gateway]:
    ledger, objects = SqliteLedger(folder / "ledger.sqlite3"), ObjectStore(folder / "objects")
    uploads = Uploads(folder / "uploads", objects, UPLOAD_BYTES_MAX, ManualClock())
    app = make_app(Door(ledger, objects, bricks, uploads, lambda: True))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as http:
        yield Gateway(http, ledger, objects, folder)
    ledger.close()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async for made in serve(tmp_path, GONE):
        yield made


@pytest.fixture
async def gateway_with_bricks(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with served_bricks(Script(pairs=[("en", "pt")], abilities=["prompt"])) as addresses:
        async for made in serve(tmp_path, addresses):
            yield made


@pytest.fixture
def recording(tmp_path: Path) -> bytes:
    path = write_recording(tmp_path / "made.wav", tone(1.0))
    return path.read_bytes()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:brickwork:error:{body['reason']}"
    assert body["detail"]
    return answer.status_code, body["reason"]


async def test_a_recording_becomes_a_job(gateway: Gateway, recording: bytes) -> None:
    answer = await gateway.post(recording, name="talk.wav", summary="true", **{"class": "batch"})
    job = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/jobs/{job['job_id']}"
    assert len(job["job_id"]) == 32
    assert (job["name"], job["class"], job["state"]) == ("talk.wav", "batch", "running")
    assert job["recording"]["duration_ms"] == 1_000
    states = {stage["name"]: stage["state"] for stage in job["stages"]}
    assert (states["ingest"], states["read_video"]) == ("done", "skipped")
    assert "translate" not in states
    assert (await gateway.http.get(answer.headers["location"])).json() == job
    assert len(gateway.left_behind()) == 1


async def test_a_video_is_also_read(gateway: Gateway, tmp_path: Path) -> None:
    path = write_recording(tmp_path / "made.mp4", silence(1.0), slides=[slide(90)] * 10)
    job = (await gateway.post(path.read_bytes())).json()
    states = {stage["name"]: stage["state"] for stage in job["stages"]}
    assert states["read_video"] == "waiting"


async def test_a_body_that_comes_in_pieces_is_taken_as_one(
    gateway: Gateway, recording: bytes
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for first in range(0, len(recording), 1000):
            yield recording[first : first + 1000]

    answer = await gateway.http.post("/v1/jobs", content=pieces())
    assert answer.json()["recording"]["size_bytes"] == len(recording)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "MEDIA_EMPTY"),
        (b"this is no recording", "MEDIA_UNREADABLE"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "MEDIA_FORMAT_UNSUPPORTED"),
        (b"#EXTM3U\nother.ts\n", "MEDIA_FORMAT_UNSUPPORTED"),
        (bytes(UPLOAD_BYTES_MAX + 1), "MEDIA_TOO_LARGE"),
    ],
)
async def test_what_is_no_recording_is_refused_and_leaves_nothing(
    gateway: Gateway, body: bytes, reason: str
) -> None:
    assert refusal(await gateway.post(body)) == (400, reason)
    assert gateway.left_behind() == []
    assert gateway.ledger.latest(10) == []


async def test_pictures_without_sound_are_refused(gateway: Gateway, tmp_path: Path) -> None:
    path = write_recording(tmp_path / "made.mp4", slides=[slide(90)] * 10)
    assert refusal(await gateway.post(path.read_bytes())) == (400, "NO_AUDIO_STREAM")


async def test_a_body_without_a_declared_size_is_cut_off_at_the_limit(gateway: Gateway) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    answer = await gateway.http.post("/v1/jobs", content=endless())
    assert refusal(answer) == (400, "MEDIA_TOO_LARGE")
    assert gateway.left_behind() == []


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"language": "xx"}, "LANGUAGE_UNKNOWN"),
        ({"translate": "english"}, "LANGUAGE_UNKNOWN"),
        ({"translate": "fr"}, "LANGUAGE_PAIR_UNAVAILABLE"),
        ({"translate": "pt", "language": "de"}, "LANGUAGE_PAIR_UNAVAILABLE"),
        ({"class": "urgent"}, "ARGUMENT_INVALID"),
        ({"speed": "high"}, "ARGUMENT_INVALID"),
        ({"name": ""}, "ARGUMENT_INVALID"),
        ({"task": "TRANSLATE"}, "ARGUMENT_INVALID"),
        ({"task": "translate"}, "MODEL_CANNOT"),
        ({"hot_words": ["Beleg"]}, "MODEL_CANNOT"),
        ({"prompt": "p" * 601}, "TEXT_TOO_LONG"),
        ({"hot_words": ["w" * 60] * 11}, "TEXT_TOO_LONG"),
        ({"hot_words": ["w" * 65]}, "ARGUMENT_INVALID"),
        ({"hot_words": ["w"] * 51}, "ARGUMENT_INVALID"),
        ({"hot_words": ["fine", ""]}, "ARGUMENT_INVALID"),
        ({"hot_words": ["two\nlines"]}, "ARGUMENT_INVALID"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_the_upload(
    gateway_with_bricks: Gateway, query: dict[str, Any], reason: str, recording: bytes
) -> None:
    assert refusal(await gateway_with_bricks.post(recording, **query)) == (400, reason)
    assert gateway_with_bricks.left_behind() == []


async def test_what_is_told_of_the_speech_is_kept_with_the_job_and_not_in_lists(
    gateway_with_bricks: Gateway, gateway: Gateway, recording: bytes
) -> None:
    job = (await gateway_with_bricks.post(recording, prompt="p" * 600)).json()
    assert (job["task"], job["prompt"], job["hot_words"]) == ("transcribe", "p" * 600, [])
    listed = (await gateway_with_bricks.http.get("/v1/jobs")).json()["jobs"]
    assert "p" * 600 not in str(listed)
    # A brick that is away refuses nothing.
    wanted: dict[str, Any] = {"task": "translate", "hot_words": ["Beleg", "Túrin"], "prompt": "p"}
    job = (await gateway.post(recording, **wanted)).json()
    assert job == {**job, **wanted}


@pytest.mark.parametrize("query", [{}, {"language": "en"}, {"language": "pt"}])
async def test_a_translation_that_may_work_is_taken(
    gateway_with_bricks: Gateway, query: dict[str, str], recording: bytes
) -> None:
    answer = await gateway_with_bricks.post(recording, translate="pt", **query)
    assert answer.status_code == 201


async def test_a_translator_that_is_down_refuses_nothing(
    gateway: Gateway, recording: bytes
) -> None:
    assert (await gateway.post(recording, translate="fr")).status_code == 201


async def test_jobs_are_listed_the_newest_first(gateway: Gateway, make_job: Make) -> None:
    for name in "abc":
        gateway.ledger.add(make_job(name))
    listed = (await gateway.http.get("/v1/jobs", params={"limit": 2})).json()["jobs"]
    assert [job["job_id"] for job in listed] == ["c", "b"]


async def test_a_job_is_cancelled_once_and_its_events_end(
    gateway: Gateway, make_job: Make, failed: Make
) -> None:
    gateway.ledger.add(make_job())
    answer = await gateway.http.post("/v1/jobs/a/cancel")
    assert answer.json()["state"] == "cancelled"
    assert (await gateway.http.post("/v1/jobs/a/cancel")).status_code == 200
    stream = await gateway.http.get("/v1/jobs/a/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = stream.text.strip().split("\n\n")
    assert json.loads(events[-1].splitlines()[2][6:])["state"] == "cancelled"
    again = await gateway.http.get("/v1/jobs/a/events", headers={"Last-Event-ID": "2"})
    assert again.text.strip().split("\n\n") == events[2:]
    gateway.ledger.add(failed(make_job("b"), StageName.TRANSCRIBE))
    assert refusal(await gateway.http.post("/v1/jobs/b/cancel")) == (400, "JOB_FINISHED")


async def test_a_number_of_an_event_that_no_ledger_has_is_refused(
    gateway: Gateway, make_job: Make
) -> None:
    gateway.ledger.add(make_job())
    answer = await gateway.http.get("/v1/jobs/a/events", headers={"Last-Event-ID": str(2**63)})
    assert refusal(answer) == (400, "ARGUMENT_INVALID")


@pytest.mark.parametrize(
    "path", ["", "/events", "/artifacts", "/artifacts/result.json", "/artifacts/..%2f..%2fetc"]
)
async def test_an_unknown_job_is_not_found_anywhere(gateway: Gateway, path: str) -> None:
    status, reason = refusal(await gateway.http.get(f"/v1/jobs/nothing{path}"))
    assert status == 404
    assert reason in ("JOB_UNKNOWN", "ROUTE_UNKNOWN")


async def test_artifacts_are_sent_as_they_were_published(
    gateway: Gateway, make_job: Make, running: Make
) -> None:
    stored = await gateway.objects.put_bytes("olá".encode())
    body = {
        "name": "transcript.txt",
        "media_type": "text/plain",
        "size_bytes": stored.size_bytes,
        "sha256": stored.sha256,
    }
    gateway.ledger.add(running(make_job(), StageName.PUBLISH))
    gateway.ledger.keep(
        "a",
        [Chunk(StageName.PUBLISH, "transcript.txt", body)],
        partial(keep, claim=Claim("a", StageName.PUBLISH, "secret"), report=Report()),
    )
    assert (await gateway.http.get("/v1/jobs/a/artifacts")).json() == {"artifacts": [body]}
    answer = await gateway.http.get("/v1/jobs/a/artifacts/transcript.txt")
    assert answer.text == "olá"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    missing = await gateway.http.get("/v1/jobs/a/artifacts/other.txt")
    assert refusal(missing) == (404, "ARTIFACT_UNKNOWN")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8600"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "[broken"},
    ],
)
async def test_nobody_comes_in_under_another_name_or_from_another_page(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    assert refusal(await gateway.http.get("/v1/jobs", headers=headers)) == (403, "ORIGIN_REFUSED")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "localhost:8600"}, {"Host": "[::1]:8600"}, {"Origin": "http://localhost:8600"}],
)
async def test_this_machine_comes_in(gateway: Gateway, headers: dict[str, str]) -> None:
    assert (await gateway.http.get("/v1/jobs", headers=headers)).status_code == 200


async def test_what_is_not_served_is_a_problem_too(gateway: Gateway) -> None:
    assert refusal(await gateway.http.get("/v1/nothing")) == (404, "ROUTE_UNKNOWN")
    assert refusal(await gateway.http.delete("/v1/jobs")) == (405, "ROUTE_UNKNOWN")


async def test_a_bug_of_ours_tells_no_details(gateway: Gateway, make_job: Make) -> None:
    gateway.ledger.close()
    answer = await gateway.http.get("/v1/jobs")
    assert refusal(answer) == (500, "UNEXPECTED")
    assert "sqlite" not in answer.text


async def test_health_names_what_does_not_answer(gateway: Gateway) -> None:
    health = (await gateway.http.get("/v1/health")).json()
    assert (health["status"], health["transport"]) == ("degraded", "ok")
    assert set(health["bricks"].values()) == {"unreachable"}


async def test_a_gateway_lives_whatever_it_leans_on(gateway: Gateway) -> None:
    answer = await gateway.http.get("/v1/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_health_is_ok_once_all_answer(gateway_with_bricks: Gateway) -> None:
    health: dict[str, Any] = (await gateway_with_bricks.http.get("/v1/health")).json()
    assert health["status"] == "ok"


async def test_a_job_goes_on_with_the_trace_of_its_caller(
    gateway: Gateway, recording: bytes
) -> None:
    caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with recorded_spans() as spans:
        answer = await gateway.http.post(
            "/v1/jobs",
            params={"name": "unheard-of.wav"},
            content=recording,
            headers={"traceparent": caller},
        )
        await gateway.http.get(f"/v1/jobs/{answer.json()['job_id']}")
    assert answer.json()["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    posted, shown = spans.get_finished_spans()
    assert posted.name == "POST /v1/jobs"
    assert posted.parent is not None
    assert f"{posted.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert f"{posted.context.span_id:016x}" in gateway.ledger.latest(1)[0].trace
    assert posted.attributes is not None
    assert posted.attributes["http.response.status_code"] == 201
    assert shown.name == "GET /v1/jobs/{job_id}"
    assert "unheard-of" not in posted.to_json() + shown.to_json()
