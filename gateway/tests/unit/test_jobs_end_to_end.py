"""Whole jobs: dispatcher, runner and stages against scripted bricks, without Valkey."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brickwork.asr.v1 import asr_pb2
from brickwork.common.v1.common_pb2 import ObjectRef
from brickwork_gateway.jobs.dispatcher import Dispatcher
from brickwork_gateway.jobs.runner import Runner
from brickwork_gateway.ledger.decisions import Patience
from brickwork_gateway.ledger.job import Job, JobState, StageName, StageState
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import cancel, take_back
from brickwork_gateway.pipelines import answers
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_gateway.pipelines.stage_run import Surroundings
from brickwork_gateway.pipelines.stages import STAGES
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import Busy, EngineFailed, InvalidInput, NotPossible, Reason
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.testing.bricks import Script, served_bricks
from brickwork_sdk.testing.clock import ManualClock
from brickwork_sdk.testing.telemetry import recorded_spans

Make = Callable[..., Job]
CRASH = EngineFailed(Reason.ENGINE_CRASHED, "The engine process died.")
GONE = Busy(Reason.BRICK_STOPPING, "The brick is shutting down.")
REVOKED = Busy(Reason.VRAM_REVOKED, "The memory was needed by more urgent work.")
PATIENCE = Patience(failures_max=3, pause_seconds=1.0)


def talk() -> Script:
    return Script(
        segments=[
            (0, 2_000, "Good day to you all."),
            (2_000, 4_000, "Thank you, the day is good."),
            (5_000, 9_000, "Today we speak about bricks and mortar."),
        ],
        turns=[(0, 2_100, "S1"), (2_100, 4_500, "S2"), (4_900, 9_000, "S1")],
        slides=[(0, 4_000, "Welcome"), (4_000, 9_000, "Bricks")],
    )


class Mesh:
    """A gateway in one task: messages are carried by hand, and time by the test."""

    def __init__(self, folder: Path, bricks: dict[str, str]) -> None:
        self.ledger = SqliteLedger(folder / "ledger.sqlite3")
        self.clock = ManualClock()
        self.objects = ObjectStore(folder / "objects")
        self.is_stopping = False
        self.messages: list[tuple[str, str, int]] = []
        self.dispatcher = Dispatcher(self.ledger, self, PATIENCE, self.clock)
        around = Surroundings(self.ledger, self.objects, Replicas(bricks), self.clock)
        self.runner = Runner(STAGES, around, PATIENCE, 0.01, lambda: self.is_stopping)

    def is_reachable(self) -> bool:
        return True

    def send(self, work_class: WorkClass, job_id: str, stage: StageName, attempt: int) -> bool:
        self.messages.append((job_id, stage, attempt))
        return True

    async def work(self, job: Job) -> Job:
        """Work until the job is over; pauses go by in no time."""
        for _ in range(60):
            self.dispatcher.turn()
            sent, self.messages = self.messages, []
            async with asyncio.TaskGroup() as group:
                for message in sent:
                    group.create_task(self.runner.run(*message))
            if self.ledger.get(job.job_id).state is not JobState.RUNNING:
                break
            self.clock.advance(1.0)
        return self.ledger.get(job.job_id)

    async def start(self, name: StageName) -> "asyncio.Task[None]":
        """Dispatch, and run one stage of what was sent in a task of its own."""
        self.dispatcher.turn()
        [message] = [message for message in self.messages if message[1] == name]
        return asyncio.create_task(self.runner.run(*message))

    def artifacts(self) -> dict[str, str]:
        chunks = self.ledger.chunks("a", StageName.PUBLISH)
        return {
            chunk.key: self.objects.path(ObjectRef(sha256=chunk.body["sha256"])).read_text()
            for chunk in chunks
        }

    def result(self) -> dict[str, Any]:
        return dict(json.loads(self.artifacts()["result.json"]))


@pytest.fixture
def mesh(tmp_path: Path) -> Callable[[Script], Any]:
    @asynccontextmanager
    async def opened(script: Script) -> AsyncIterator[Mesh]:
        async with served_bricks(script) as addresses:
            made = Mesh(tmp_path, addresses)
            yield made
            made.ledger.close()

    return opened


Open = Callable[[Script], Any]


def texts(result: dict[str, Any]) -> list[str]:
    return [segment["text"] for segment in result["segments"]]


async def test_a_job_delivers_all_its_parts(mesh: Open, make_job: Make) -> None:
    async with mesh(talk()) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        result = m.result()
    assert job.state is JobState.COMPLETED
    assert set(result) == {
        "segments",
        "speakers",
        "slides",
        "summary",
        "language",
        "stages",
        "provenance",
        "missing",
    }
    assert texts(result) == [said[2] for said in talk().segments]
    assert [segment["speaker"] for segment in result["segments"]] == ["S1", "S2", "S1"]
    assert result["segments"][0]["translation"] == "pt: Good day to you all."
    assert [word["text"] for word in result["segments"][1]["words"]][:2] == ["Thank", "you,"]
    assert result["speakers"] == ["S1", "S2"]
    assert [slide["text"] for slide in result["slides"]] == ["Welcome", "Bricks"]
    assert result["summary"]["extractive"]["sentences"]
    [sentence] = result["summary"]["grounded"]["sentences"]
    assert sentence["text"] == "Good day to you"
    assert sentence["segments"] == [{"index": 0, "start_ms": 0, "end_ms": 2_000}]
    assert (result["language"], result["missing"]) == ("en", [])
    models = {stage["name"]: stage["model"] for stage in result["stages"]}
    assert models["transcribe"] == "scripted-asr"
    assert models["align"] is None
    assert result["provenance"]["models"][0]["digest"] == "0" * 64


async def test_the_three_readers_run_side_by_side(mesh: Open, make_job: Make) -> None:
    script, inside, all_in = talk(), set(), asyncio.Event()

    async def meet(brick: str) -> None:
        # No reader gets a result before all three of them are at work.
        inside.add(brick)
        if inside >= {"asr", "diarize", "ocr"}:
            all_in.set()
        await all_in.wait()

    script.before_result = meet
    async with mesh(script) as m:
        m.ledger.add(make_job())
        assert (await m.work(make_job())).state is JobState.COMPLETED


async def test_what_is_told_of_the_speech_goes_to_the_brick_each_time(
    mesh: Open, make_job: Make
) -> None:
    told = {"task": "translate", "prompt": "The lay of", "hot_words": ("Beleg", "Túrin")}
    script = replace(talk(), language="de")
    script.failures["asr"] = [(1, CRASH)]
    async with mesh(script) as m:
        made = make_job(**told)
        m.ledger.add(made)
        assert (await m.work(made)).state is JobState.COMPLETED
        result = m.result()
    asked = [request for request in script.requests if hasattr(request, "hot_words")]
    assert [request.start_ms for request in asked] == [0, 2_000]
    for request in asked:
        assert request.task == asr_pb2.TRANSCRIBE_TASK_TRANSLATE
        assert (request.prompt, tuple(request.hot_words)) == (told["prompt"], told["hot_words"])
    # The words are English, whatever is spoken: it is from English that they are translated.
    sources = [r.source_language for r in script.requests if hasattr(r, "source_language")]
    assert (result["language"], set(sources)) == ("de", {"en"})
    assert result["summary"]["grounded"]["sentences"]
    parameters = result["provenance"]["parameters"]
    assert parameters == {**parameters, **told, "hot_words": list(told["hot_words"])}


@pytest.mark.parametrize("error", [CRASH, GONE, REVOKED])
async def test_a_transcript_goes_on_where_its_brick_died(
    mesh: Open, make_job: Make, error: EngineFailed
) -> None:
    script = talk()
    script.failures["asr"] = [(1, error), (0, error), (1, error)]
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        assert texts(m.result()) == [said[2] for said in talk().segments]
    assert [r.start_ms for r in script.requests if "language" in r.DESCRIPTOR.fields_by_name] == [
        0,
        2_000,
        2_000,
        4_000,
    ]
    assert job.stage(StageName.TRANSCRIBE).attempt == 4


@pytest.mark.parametrize("error", [GONE, REVOKED])
async def test_a_brick_that_is_drained_or_gives_way_is_no_failure_however_often(
    mesh: Open, make_job: Make, error: Busy
) -> None:
    script = talk()
    script.failures["asr"] = [(0, error)] * (PATIENCE.failures_max + 1)
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        assert texts(m.result()) == [said[2] for said in talk().segments]
    assert job.stage(StageName.TRANSCRIBE).failure_count == 0
    assert job.stage(StageName.TRANSCRIBE).attempt == PATIENCE.failures_max + 2


async def test_a_job_whose_bricks_all_give_way_ten_times_loses_and_doubles_nothing(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    script.failures = {
        brick: [(place % 3, REVOKED) for place in range(10)]
        for brick in ("asr", "diarize", "ocr", "translate", "llm")
    }
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        result = m.result()
    assert job.state is JobState.COMPLETED
    assert {stage.failure_count for stage in job.stages} == {0}
    assert texts(result) == [said[2] for said in talk().segments]
    assert [s["translation"] for s in result["segments"]] == [
        f"pt: {said[2]}" for said in talk().segments
    ]
    assert [segment["speaker"] for segment in result["segments"]] == ["S1", "S2", "S1"]
    assert [slide["text"] for slide in result["slides"]] == ["Welcome", "Bricks"]
    assert [s["text"] for s in result["summary"]["grounded"]["sentences"]] == ["Good day to you"]
    assert result["missing"] == []


async def test_slides_and_translations_go_on_where_their_bricks_died(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    script.failures = {"ocr": [(1, CRASH)], "translate": [(2, CRASH)], "llm": [(1, CRASH)]}
    async with mesh(script) as m:
        m.ledger.add(make_job())
        assert (await m.work(make_job())).state is JobState.COMPLETED
        result = m.result()
    assert [slide["text"] for slide in result["slides"]] == ["Welcome", "Bricks"]
    assert [s["translation"] for s in result["segments"]] == [
        f"pt: {said[2]}" for said in talk().segments
    ]
    repeated = [r.texts for r in script.requests if hasattr(r, "texts")]
    assert [len(asked) for asked in repeated] == [3, 1]


@pytest.mark.parametrize(
    ("brick", "part", "key", "left"),
    [
        ("diarize", "speakers", "speakers", []),
        ("ocr", "slides", "slides", []),
    ],
)
async def test_a_job_delivers_what_it_can_and_says_what_is_missing(
    mesh: Open, make_job: Make, brick: str, part: str, key: str, left: list[str]
) -> None:
    script = talk()
    script.failures[brick] = [(0, CRASH)] * 3
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        result = m.result()
    assert job.state is JobState.COMPLETED
    assert [(gap["part"], gap["reason"]) for gap in result["missing"]] == [(part, "ENGINE_CRASHED")]
    assert result[key] == left
    assert result["segments"][0]["translation"]


async def test_without_an_llm_the_sentences_of_the_transcript_still_tell(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    script.failures["llm"] = [(0, CRASH)] * 3
    async with mesh(script) as m:
        m.ledger.add(make_job())
        await m.work(make_job())
        result = m.result()
    assert result["summary"]["grounded"] is None
    assert len(result["summary"]["extractive"]["sentences"]) == 3
    assert [gap["part"] for gap in result["missing"]] == ["summary"]


async def test_a_pair_that_is_not_installed_is_not_tried_again(mesh: Open, make_job: Make) -> None:
    script = talk()
    script.failures["translate"] = [(0, NotPossible(Reason.LANGUAGE_PAIR_UNAVAILABLE, "No."))]
    async with mesh(script) as m:
        m.ledger.add(make_job())
        await m.work(make_job())
        result = m.result()
    assert script.calls["translate"] == 1
    assert [gap["reason"] for gap in result["missing"]] == ["LANGUAGE_PAIR_UNAVAILABLE"]
    assert result["segments"][0]["translation"] is None


async def test_speech_that_is_in_the_wanted_language_stays_as_it_is(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    script.language = "pt"
    async with mesh(script) as m:
        m.ledger.add(make_job())
        await m.work(make_job())
        result = m.result()
    assert script.calls["translate"] == 0
    assert [s["translation"] for s in result["segments"]] == texts(result)


async def test_a_recording_that_cannot_be_heard_fails_with_its_reason(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    refusal = InvalidInput(Reason.MEDIA_UNREADABLE, "The recording is cut off.")
    script.failures["asr"] = [(0, refusal)]
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.reason == "MEDIA_UNREADABLE"
    assert script.calls["asr"] == 1


async def test_silence_is_a_result_without_segments(mesh: Open, make_job: Make) -> None:
    async with mesh(Script()) as m:
        m.ledger.add(make_job(has_video=False))
        job = await m.work(make_job())
        result = m.result()
        assert m.artifacts()["transcript.vtt"] == "WEBVTT\n\n"
    assert job.state is JobState.COMPLETED
    assert (result["segments"], result["speakers"], result["slides"]) == ([], [], [])
    assert (result["language"], result["missing"]) == (None, [])
    assert result["summary"]["grounded"] is None


async def test_a_brick_that_hangs_is_left_and_asked_again(
    mesh: Open, make_job: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "STALL_SECONDS_MAX", 2.0)
    script, is_first = talk(), True

    async def hang_once(brick: str) -> None:
        nonlocal is_first
        if brick == "diarize" and is_first:
            is_first = False
            await asyncio.Event().wait()

    script.before_start = hang_once
    async with mesh(script) as m:
        m.ledger.add(make_job())
        job = await m.work(make_job())
        told = [event.body["error"] for event in m.ledger.events("a", 0) if event.kind == "stage"]
    assert job.state is JobState.COMPLETED
    assert "DEADLINE_EXCEEDED" in {error["reason"] for error in told if error}


async def test_a_message_that_comes_twice_does_its_work_once(mesh: Open, make_job: Make) -> None:
    script = talk()
    async with mesh(script) as m:
        m.ledger.add(make_job())
        m.dispatcher.turn()
        m.messages *= 3
        for message in m.messages:
            await m.runner.run(*message)
    assert script.calls == {"asr": 1, "diarize": 1, "ocr": 1}


def held_up(script: Script) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the script stop before its second result until it may go on."""
    reached, may_go = asyncio.Event(), asyncio.Event()
    results = 0

    async def hold(brick: str) -> None:
        nonlocal results
        results += 1
        if results == 2:
            reached.set()
            await may_go.wait()

    script.before_result = hold
    return reached, may_go


async def until(holds: Callable[[], Any]) -> None:
    """Wait for what another task writes into the ledger."""
    async with asyncio.timeout(30.0):
        while not holds():  # noqa: ASYNC110 - a ledger has no event to wait for
            await asyncio.sleep(0)


async def test_cancelling_a_job_ends_its_running_call(mesh: Open, make_job: Make) -> None:
    script = talk()
    reached, _ = held_up(script)
    async with mesh(script) as m:
        m.ledger.add(make_job())
        stage = await m.start(StageName.TRANSCRIBE)
        await reached.wait()
        m.ledger.change("a", cancel)
        await stage
        assert m.ledger.get("a").stage(StageName.TRANSCRIBE).state is StageState.CANCELLED


async def test_a_worker_that_was_taken_for_dead_writes_nothing_more(
    mesh: Open, make_job: Make
) -> None:
    script = talk()
    reached, may_go = held_up(script)
    async with mesh(script) as m:
        m.ledger.add(make_job())
        stage = await m.start(StageName.TRANSCRIBE)
        await reached.wait()
        await until(lambda: m.ledger.chunks("a", StageName.TRANSCRIBE))
        m.ledger.change("a", _taken_back)
        may_go.set()
        await stage
        assert len(m.ledger.chunks("a", StageName.TRANSCRIBE)) == 1
        await m.work(make_job())
        assert texts(m.result()) == [said[2] for said in talk().segments]


def _taken_back(job: Job) -> Job:
    version = job.stage(StageName.TRANSCRIBE).version
    return take_back(job, StageName.TRANSCRIBE, version, failures_max=3)


async def test_a_stopping_worker_puts_its_stage_back_at_once(mesh: Open, make_job: Make) -> None:
    script = talk()
    reached, _ = held_up(script)
    async with mesh(script) as m:
        m.ledger.add(make_job())
        stage = await m.start(StageName.TRANSCRIBE)
        await reached.wait()
        m.is_stopping = True
        await stage
        left = m.ledger.get("a").stage(StageName.TRANSCRIBE)
    assert (left.state, left.failure_count) == (StageState.WAITING, 0)
    assert len(m.messages) == 3


async def test_a_waiting_stage_says_why_and_counts_its_waiting_apart(
    mesh: Open, make_job: Make
) -> None:
    script, may_go = talk(), asyncio.Event()

    async def hold(brick: str) -> None:
        await may_go.wait()

    script.before_start = hold
    async with mesh(script) as m:
        m.ledger.add(make_job())
        stage = await m.start(StageName.TRANSCRIBE)
        await until(lambda: m.ledger.get("a").stage(StageName.TRANSCRIBE).report.cause)
        waiting = m.ledger.get("a").stage(StageName.TRANSCRIBE).report
        m.clock.advance(7.0)
        may_go.set()
        await stage
        report = m.ledger.get("a").stage(StageName.TRANSCRIBE).report
    assert waiting.cause == "the model is being loaded"
    assert (report.cause, report.waited_ms, report.ran_ms) == ("", 7_000, 0)


async def test_every_stage_is_in_the_trace_of_its_job_also_when_another_process_goes_on(
    mesh: Open, make_job: Make
) -> None:
    trace, above = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    async with mesh(talk()) as m:
        m.ledger.add(replace(make_job(), trace=f"00-{trace}-{above}-01"))
        with recorded_spans() as spans:
            job = await m.work(make_job())
    assert job.state is JobState.COMPLETED
    made = spans.get_finished_spans()
    assert {f"{one.context.trace_id:032x}" for one in made} == {trace}
    by_id = {f"{one.context.span_id:016x}": one for one in made}
    worked = [one for one in made if one.name.startswith("stage ")]
    assert {one.name for one in worked} == {f"stage {name}" for name in StageName} - {
        "stage ingest"
    }
    for one in worked:
        assert one.parent is not None
        sending = by_id[f"{one.parent.span_id:016x}"]
        assert sending.name == one.name.replace("stage", "send")
        assert sending.parent is not None
        assert f"{sending.parent.span_id:016x}" == above
        assert one.attributes is not None
        assert one.attributes["brickwork.outcome"] == "done"
        assert one.attributes["audio.duration_seconds"] == 60.0
