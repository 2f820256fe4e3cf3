from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from brickwork_gateway.jobs.dispatcher import TRANSPORT_DOWN, Dispatcher
from brickwork_gateway.ledger.decisions import Patience
from brickwork_gateway.ledger.job import Claim, Job, JobState, Report, StageName, StageState
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import claim, renew
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.testing.clock import ManualClock

Make = Callable[..., Job]
NAME = StageName.TRANSCRIBE
HEARD = [NAME, StageName.DIARIZE, StageName.READ_VIDEO]


class KeptMessages:
    """A transport whose messages nobody carries further; it can be out of reach."""

    def __init__(self) -> None:
        self.is_up = True
        self.sent: list[tuple[WorkClass, str, StageName, int]] = []

    def is_reachable(self) -> bool:
        return self.is_up

    def send(self, work_class: WorkClass, job_id: str, stage: StageName, attempt: int) -> bool:
        self.sent.append((work_class, job_id, stage, attempt))
        return True


class Scene:
    """A ledger with one job, and a dispatcher whose time the test moves."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self.ledger, self.clock, self.transport = ledger, ManualClock(), KeptMessages()
        self.dispatcher = self.fresh_dispatcher()

    def fresh_dispatcher(self) -> Dispatcher:
        return Dispatcher(self.ledger, self.transport, Patience(), self.clock)

    def turn(self, after_seconds: float = 0.0) -> list[tuple[StageName, int]]:
        """Let time go by, take a turn, and return the stages and attempts that were sent."""
        self.clock.advance(after_seconds)
        self.transport.sent.clear()
        self.dispatcher.turn()
        return [(stage, attempt) for _, _, stage, attempt in self.transport.sent]

    def claim(self, name: StageName, attempt: int) -> Claim:
        self.ledger.change("a", partial(claim, name=name, attempt=attempt, secret="secret"))
        return Claim("a", name, "secret")

    def beat(self, held: Claim) -> None:
        self.ledger.change("a", partial(renew, claim=held, report=Report()))


@pytest.fixture
def scene(tmp_path: Path, make_job: Make) -> Iterator[Scene]:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite3")
    ledger.add(make_job())
    yield Scene(ledger)
    ledger.close()


def test_what_is_ready_is_sent_once(scene: Scene) -> None:
    assert scene.turn() == [(name, 1) for name in HEARD]
    assert scene.turn(after_seconds=1.0) == []


def test_a_ledger_that_nobody_changed_is_not_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Mock(wraps=scene.ledger.unfinished)
    monkeypatch.setattr(scene.ledger, "unfinished", read)
    for _ in range(4):
        scene.turn()
    assert read.call_count == 2, "the first turn changed what it had read"
    scene.claim(NAME, 1)
    scene.turn()
    assert read.call_count == 3


def test_a_message_that_was_lost_is_sent_again_with_the_same_attempt(scene: Scene) -> None:
    scene.turn()
    scene.turn(after_seconds=0.1)
    assert scene.turn(after_seconds=3.0) == [(name, 1) for name in HEARD]


def test_a_claim_that_is_renewed_is_left_alone(scene: Scene) -> None:
    scene.turn()
    claims = [scene.claim(name, 1) for name in HEARD]
    for _ in range(30):
        for held in claims:
            scene.beat(held)
        assert scene.turn(after_seconds=1.0) == []


def test_a_claim_that_fell_silent_is_taken_back_and_the_stage_sent_again(scene: Scene) -> None:
    scene.turn()
    claims = [scene.claim(name, 1) for name in HEARD]
    scene.turn()
    for held in claims[1:]:
        scene.beat(held)
    scene.turn(after_seconds=3.0)
    for held in claims[1:]:
        scene.beat(held)
    scene.turn(after_seconds=3.0)
    assert scene.turn(after_seconds=0.2) == [(NAME, 2)]


def test_a_fresh_dispatcher_gives_running_stages_their_time(scene: Scene) -> None:
    scene.turn()
    for name in HEARD:
        scene.claim(name, 1)
    scene.turn()
    scene.clock.advance(100.0)
    scene.dispatcher = scene.fresh_dispatcher()
    scene.turn()
    assert scene.ledger.get("a").stage(NAME).state is StageState.RUNNING


def test_a_stage_whose_worker_dies_each_time_fails_in_the_end(scene: Scene) -> None:
    for _ in range(Patience().failures_max):
        for name, attempt in scene.turn(after_seconds=0.2):
            if name is NAME:
                scene.claim(name, attempt)
        scene.turn()
        scene.turn(after_seconds=6.0)
    job = scene.ledger.get("a")
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.reason == "WORKER_LOST"


def test_without_its_transport_the_job_says_so_and_goes_on_once_it_is_back(scene: Scene) -> None:
    scene.transport.is_up = False
    for _ in range(3):
        assert scene.turn(after_seconds=1.0) == []
    stage = scene.ledger.get("a").stage(NAME)
    assert (stage.state, stage.report.cause) == (StageState.WAITING, TRANSPORT_DOWN)
    told = [event for event in scene.ledger.events("a", 0) if event.body.get("cause")]
    assert len(told) == len(HEARD)
    scene.transport.is_up = True
    assert scene.turn(after_seconds=1.0) == [(name, 1) for name in HEARD]
    assert scene.ledger.get("a").stage(NAME).report.cause == ""


def test_a_class_has_its_own_queue(scene: Scene, make_job: Make) -> None:
    scene.ledger.add(make_job("b", work_class=WorkClass.BATCH))
    scene.turn()
    sent = {(job, work_class) for work_class, job, _, _ in scene.transport.sent}
    assert sent == {("a", WorkClass.INTERACTIVE), ("b", WorkClass.BATCH)}
