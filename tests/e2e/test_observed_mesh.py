"""A whole job as an operator sees it: one trace, metrics of all, and nowhere what was said."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from brickwork_sdk.testing.recordings import slide, tone, write_recording
from brickwork_sdk.testing.telemetry import OtlpSink, otlp_sink
from tests.conftest import Mesh, running

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FILE_NAME = "Handover-of-Zebra-Works.mkv"
HOT_WORD, PROMPT = "Zebrawerke", "Minutes of the handover"
BRICKS = ("asr", "diarize", "ocr", "translate", "llm")
PROCESSES = ("broker", *BRICKS, "gateway", "worker-interactive", "worker-batch")
TRANSCRIBE = "/brickwork.asr.v1.AsrService/TranscribeRecording"
WORKER, ASR = "brickwork-worker-interactive", "brickwork-asr"
CHAIN = [
    ("brickwork-gateway", "POST /v1/jobs"),
    ("brickwork-gateway", "send transcribe"),
    (WORKER, "stage transcribe"),
    (WORKER, TRANSCRIBE),
    (ASR, TRANSCRIBE),
]
"""Each is the parent of the next."""
IN_THE_BRICK = [(ASR, "lease.wait"), (ASR, "model.load"), (ASR, "engine transcribe")]
ENGINES = {
    (ASR, "engine transcribe"),
    ("brickwork-diarize", "engine diarize"),
    ("brickwork-ocr", "engine read_video"),
    ("brickwork-translate", "engine translate"),
    ("brickwork-llm", "engine generate"),
}
SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Observed:
    """A mesh that is watched, and the job that went through it.

    Attributes:
        job: what the gateway said of it at first.
        result: its result.json.
    """

    mesh: Mesh
    sink: OtlpSink
    job: dict[str, Any]
    result: dict[str, Any]

    def targets(self) -> dict[str, str]:
        """Return where the metrics of each process are, as Prometheus is told."""
        groups = json.loads((self.mesh.home / "run" / "metrics-targets.json").read_text())
        return {group["labels"]["process"]: group["targets"][0] for group in groups}

    def metrics(self) -> dict[str, str]:
        """Return what each process measures."""
        return {
            process: httpx.get(f"http://{address}/metrics").text
            for process, address in self.targets().items()
        }

    def logs(self) -> dict[str, list[str]]:
        """Return the lines of each of our processes; Valkey writes its own form."""
        paths = (self.mesh.home / "logs").glob("*.log")
        return {path.stem: path.read_text().splitlines() for path in paths if path.stem != "valkey"}


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("recordings")
    slides = [slide(40)] * 30 + [slide(200)] * 30
    recording = write_recording(folder / "made.mkv", tone(6), slides=slides).read_bytes()
    with ExitStack() as leaving:
        variables = leaving.enter_context(pytest.MonkeyPatch.context())
        for name in (*BRICKS, "broker", "gateway"):
            variables.setenv(f"BRICKWORK_{name.upper()}_LOG_LEVEL", "DEBUG")
        sink = leaving.enter_context(otlp_sink())
        words = ("--metrics-port", str(free_ports(len(PROCESSES))), "--otlp-endpoint", sink.address)
        mesh = leaving.enter_context(running(tmp_path_factory.mktemp("home"), *words))
        job, result = sent_through(mesh, recording)
        yield Observed(mesh, sink, job, result)


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody listens on."""
    for _ in range(100):
        first = random.randrange(20_000, 60_000)  # noqa: S311 - no secret
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise AssertionError("no ports in a row are free")


def sent_through(mesh: Mesh, recording: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send a recording as a program with a trace of its own does, and wait for its result."""
    wanted = {"name": FILE_NAME, "language": "en", "translate": "pt", "summary": "true"}
    wanted |= {"prompt": PROMPT, "hot_words": HOT_WORD}
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
    with httpx.Client(base_url=mesh.address, timeout=120) as http:
        broken = http.post("/v1/jobs", params=wanted, content=b"no recording", headers=headers)
        assert broken.status_code == 400
        job = http.post("/v1/jobs", params=wanted, content=recording, headers=headers).json()
        http.get(f"/v1/jobs/{job['job_id']}/events")
        result = http.get(f"/v1/jobs/{job['job_id']}/artifacts/result.json").json()
    assert result["missing"] == []
    return job, result


def test_one_trace_leads_from_the_caller_through_every_process_into_the_engine(
    observed: Observed,
) -> None:
    spans = observed.sink.trace(TRACE, {*CHAIN, *IN_THE_BRICK} | ENGINES, SECONDS_MAX)
    above = bytes.fromhex(CALLER)
    for name in CHAIN:
        assert spans[name].parent_span_id == above, f"{name} has another parent"
        above = spans[name].span_id
    for name in IN_THE_BRICK:
        assert spans[name].parent_span_id == above
    waited, loaded, worked = (spans[name] for name in IN_THE_BRICK)
    assert waited.end_time_unix_nano <= loaded.start_time_unix_nano
    assert loaded.end_time_unix_nano <= worked.start_time_unix_nano < worked.end_time_unix_nano
    served = spans[ASR, TRANSCRIBE]
    assert served.start_time_unix_nano <= worked.start_time_unix_nano
    assert worked.end_time_unix_nano <= served.end_time_unix_nano
    assert observed.job["trace_id"] == TRACE


def test_a_span_says_which_job_which_attempt_and_which_model(observed: Observed) -> None:
    stage, engine = (WORKER, "stage transcribe"), (ASR, "engine transcribe")
    spans = observed.sink.trace(TRACE, {stage, engine}, SECONDS_MAX)
    about = {one.key: one.value for one in spans[stage].attributes}
    assert about["brickwork.job"].string_value == observed.job["job_id"]
    assert about["brickwork.stage"].string_value == "transcribe"
    assert about["brickwork.attempt"].int_value == 1
    assert about["brickwork.outcome"].string_value == "done"
    assert about["brickwork.model"].string_value == "whisper-base"
    assert about["audio.duration_seconds"].double_value == pytest.approx(6, abs=0.2)
    work = {one.key: one.value for one in spans[engine].attributes}
    brick = observed.mesh.process("asr")
    assert work["process.pid"].int_value in {child.pid for child in brick.children()}


def test_every_process_tells_what_it_measures(observed: Observed) -> None:
    metrics = observed.metrics()
    assert set(metrics) == set(PROCESSES)
    for process, text in metrics.items():
        assert "process_resident_memory_bytes" in text, process
    for brick in BRICKS:
        for name in ("rpc_seconds_count", "engine_compute_seconds_total", "model_loads_total"):
            assert f"brickwork_{name}{{" in metrics[brick], f"{brick} lacks {name}"
        assert "brickwork_engine_resident_memory_bytes{" in metrics[brick]
    assert 'brickwork_media_seconds_total{model="whisper-base"} 6.0' in metrics["asr"]
    assert 'brickwork_lease_wait_seconds_count{class="interactive",' in metrics["broker"]
    assert 'brickwork_jobs{state="completed"} 1.0' in metrics["gateway"]
    assert 'stage_attempts_total{outcome="done",stage="publish"}' in metrics["worker-interactive"]


def test_every_line_of_a_log_is_json_and_leads_to_the_trace(observed: Observed) -> None:
    logs = observed.logs()
    assert set(PROCESSES) <= set(logs)
    lines = {name: [json.loads(line) for line in found] for name, found in logs.items()}
    assert all(line["level"] and line["time"] for found in lines.values() for line in found)
    for name in (*BRICKS, "gateway"):
        assert TRACE in {line.get("trace_id") for line in lines[name]}, f"{name} knows no trace"


def test_nothing_of_what_was_said_shown_or_named_is_told_to_operators(observed: Observed) -> None:
    said = {
        FILE_NAME,
        HOT_WORD,
        PROMPT,
        *texts_of({**observed.result, "provenance": None, "stages": None}),
    }
    assert len(said) >= 10
    assert {segment["text"] for segment in observed.result["segments"]} <= said
    observed.sink.trace(TRACE, ENGINES, SECONDS_MAX)
    told = {
        "logs": "\n".join(line for lines in observed.logs().values() for line in lines),
        "spans": observed.sink.everything(),
        "metrics": "\n".join(observed.metrics().values()),
    }
    for place, text in told.items():
        assert len(text) > 1000, f"there is nothing in the {place}"
        leaked = [words for words in said if words in text or json.dumps(words)[1:-1] in text]
        assert leaked == [], f"the {place} tell what was said"


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text of a result that is longer than a word."""
    if isinstance(value, str):
        if len(value) > 8:
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)
