"""The main job through real processes: by the handle, and by HTTP."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from brickwork_sdk.testing.bad_media import BadMedia, write_bad_media
from brickwork_sdk.testing.recordings import silence, slide, tone, write_recording
from tests.conftest import Mesh

KEYS = {
    "segments",
    "speakers",
    "slides",
    "summary",
    "language",
    "stages",
    "provenance",
    "missing",
}
SECONDS = 12


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    slides = [slide(40)] * 60 + [slide(200)] * 60
    return write_recording(folder / "meeting.mkv", tone(SECONDS), slides=slides)


def sentences(result: dict[str, Any]) -> list[str]:
    return [segment["text"] for segment in result["segments"]]


def test_status_names_the_gateway_and_every_process(mesh: Mesh) -> None:
    status = mesh.status()
    assert status["gateway"] == mesh.address
    assert {one["state"] for one in status["processes"]} == {"ready"}
    assert len(status["processes"]) == 10


def test_up_twice_is_refused_and_harms_nobody(mesh: Mesh) -> None:
    again = mesh.handle("up")
    assert again.returncode == 1
    assert again.stderr.strip().endswith("[MESH_RUNNING]")
    assert mesh.status()["gateway"] == mesh.address


def test_the_handle_delivers_every_part(mesh: Mesh, meeting: Path, tmp_path: Path) -> None:
    out, result_path = tmp_path / "out", tmp_path / "result.json"
    done = mesh.handle(
        *("transcribe", meeting, "--translate", "pt", "--summary"),
        *("--hot-word", "Beleg", "--hot-word", "Túrin", "--prompt", "The lay of"),
        *("--json", result_path, "--out", out),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(result_path.read_text())
    assert set(result) == KEYS
    # What the scripted engine says is the first hot word.
    assert sentences(result) == [f"Beleg {number}." for number in range(SECONDS // 2)]
    told = {"task": "transcribe", "prompt": "The lay of", "hot_words": ["Beleg", "Túrin"]}
    assert result["provenance"]["parameters"].items() >= told.items()
    assert all(segment["translation"] for segment in result["segments"])
    assert all(segment["words"] for segment in result["segments"])
    assert len(result["speakers"]) == 2
    assert len(result["slides"]) == 2
    assert result["summary"]["extractive"]["sentences"]
    assert result["summary"]["grounded"]["sentences"][0]["segments"][0]["index"] == 0
    assert result["missing"] == []
    assert result["stages"][0]["name"] == "ingest"
    kinds = ("json", "srt", "vtt", "txt", "summary.txt")
    assert {path.name for path in out.iterdir()} == {f"meeting.{kind}" for kind in kinds}
    for part in ("TRANSCRIPT", "TRANSLATION", "SLIDES", "SUMMARY", "seconds per stage", "wrote"):
        assert part in done.stdout


def test_what_was_not_asked_for_is_not_made(mesh: Mesh, meeting: Path) -> None:
    done = mesh.handle("transcribe", meeting, "--json", "-")
    result = json.loads(done.stdout)
    assert result["summary"] is None
    assert {segment["translation"] for segment in result["segments"]} == {None}


def test_silence_and_a_second_of_sound_are_results(mesh: Mesh, tmp_path: Path) -> None:
    quiet = write_recording(tmp_path / "quiet.wav", silence(3))
    short = write_recording(tmp_path / "short.wav", tone(1))
    for path in (quiet, short):
        done = mesh.handle("transcribe", path, "--json", "-")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["slides"] == []


@pytest.fixture(scope="module")
def bad_media(tmp_path_factory: pytest.TempPathFactory) -> list[BadMedia]:
    return write_bad_media(tmp_path_factory.mktemp("bad"))


def test_bad_input_is_one_line_with_its_reason(mesh: Mesh, bad_media: list[BadMedia]) -> None:
    shown = ("missing.mp4", "folder.mp4", "empty.mp4", "ffconcat.mp4", "no-sound.mp4")
    for bad in bad_media:
        if bad.path.name in shown:
            done = mesh.handle("transcribe", bad.path)
            assert done.returncode == 1
            (line,) = done.stderr.strip().splitlines()
            assert line.startswith("error: ")
            assert line.endswith(f"[{bad.reason}]")


def test_bad_input_over_http_is_a_problem_and_leaves_no_job(
    mesh: Mesh, bad_media: list[BadMedia]
) -> None:
    files = [bad for bad in bad_media if bad.path.is_file()]
    assert len(files) > 10
    with httpx.Client(base_url=mesh.address, timeout=60) as http:
        before = http.get("/v1/jobs").json()
        for bad in files:
            answer = http.post("/v1/jobs", content=bad.path.read_bytes())
            assert answer.headers["content-type"] == "application/problem+json", bad.path.name
            assert answer.json()["reason"] == bad.reason, bad.path.name
            assert 400 <= answer.status_code < 500
        assert http.get("/v1/jobs").json() == before


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("klingon", "LANGUAGE_UNKNOWN"),
        ("xx", "LANGUAGE_UNKNOWN"),
        ("ja", "LANGUAGE_PAIR_UNAVAILABLE"),
    ],
)
def test_a_language_that_cannot_be_had_is_refused(
    mesh: Mesh, meeting: Path, option: str, reason: str
) -> None:
    done = mesh.handle("transcribe", meeting, "--translate", option)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith(f"[{reason}]")


def test_events_resume_after_the_last_one_seen(mesh: Mesh, meeting: Path) -> None:
    with httpx.Client(base_url=mesh.address, timeout=60) as http:
        job = http.post("/v1/jobs", content=meeting.read_bytes()).json()
        path = f"/v1/jobs/{job['job_id']}/events"
        whole = http.get(path).text
        numbers = [line for line in whole.splitlines() if line.startswith("id: ")]
        rest = http.get(path, headers={"Last-Event-ID": "3"}).text
    assert numbers == [f"id: {number}" for number in range(1, len(numbers) + 1)]
    assert [line for line in rest.splitlines() if line.startswith("id: ")] == numbers[3:]


def test_a_cancelled_job_ends_and_says_so(mesh: Mesh, tmp_path: Path) -> None:
    long = write_recording(tmp_path / "long.flac", tone(1200))
    with httpx.Client(base_url=mesh.address, timeout=60) as http:
        job = http.post("/v1/jobs", content=long.read_bytes()).json()
        path = f"/v1/jobs/{job['job_id']}"
        with http.stream("GET", f"{path}/events") as events:
            for line in events.iter_lines():
                if line == "event: segment":
                    break
        assert http.post(f"{path}/cancel").status_code == 200
        assert http.get(f"{path}/events").text.count('"state": "cancelled"') >= 1
        assert http.get(path).json()["state"] == "cancelled"
        assert http.post(f"{path}/cancel").json()["state"] == "cancelled"
