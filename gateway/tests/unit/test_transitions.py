from collections.abc import Callable
from dataclasses import replace

import pytest

from brickwork_gateway.ledger.job import (
    Claim,
    Job,
    JobState,
    Model,
    Problem,
    Progress,
    Report,
    StageName,
    StageState,
)
from brickwork_gateway.ledger.transitions import (
    cancel,
    claim,
    fail,
    finish,
    keep,
    note,
    release,
    renew,
    send,
    take_back,
)
from brickwork_sdk.errors import Aborted, NotPossible, Reason

Make = Callable[..., Job]
NAME = StageName.TRANSCRIBE
HELD = Claim("a", NAME, "secret")
LOST = Claim("a", NAME, "another")
MODEL = Model("whisper", "0" * 64, "faster-whisper 1", "int8", "cpu")
REPORT = Report(waited_ms=5, ran_ms=9, model=MODEL, progress=Progress(1, 2, "media_ms"))
ERROR = Problem("ENGINE_CRASHED", "The engine crashed.")


def test_an_attempt_is_claimed_by_one_worker_only(make_job: Make) -> None:
    sent = send(make_job(), NAME, 0)
    claimed = claim(sent, NAME, 1, "secret")
    assert claimed.stage(NAME).state is StageState.RUNNING
    with pytest.raises(Aborted) as refused:
        claim(claimed, NAME, 1, "another")
    assert refused.value.reason is Reason.STAGE_OVERTAKEN


def test_a_message_of_an_earlier_attempt_claims_nothing(make_job: Make, failed: Make) -> None:
    job = failed(make_job(), NAME, lambda count: 0.0)
    job = send(job, NAME, job.stage(NAME).version)
    assert job.stage(NAME).attempt == 2
    with pytest.raises(Aborted):
        claim(job, NAME, 1, "secret")


def test_a_message_of_a_stage_that_is_over_claims_nothing(make_job: Make, done: Make) -> None:
    with pytest.raises(Aborted):
        claim(done(make_job(), NAME), NAME, 1, "secret")


def test_a_stage_that_changed_since_it_was_seen_is_not_sent(make_job: Make) -> None:
    sent = send(make_job(), NAME, 0)
    with pytest.raises(Aborted):
        send(sent, NAME, 0)


@pytest.mark.parametrize(
    "write",
    [
        lambda job, held: renew(job, held, REPORT),
        lambda job, held: keep(job, 1, held, REPORT),
        lambda job, held: finish(job, held, REPORT),
        lambda job, held: release(job, held, REPORT),
        lambda job, held: fail(job, held, REPORT, ERROR, lambda count: 1.0),
    ],
)
def test_a_worker_that_lost_its_claim_writes_nothing(
    make_job: Make, running: Make, write: Callable[[Job, Claim], Job]
) -> None:
    job = running(make_job(), NAME)
    assert write(job, HELD).stage(NAME).version == job.stage(NAME).version + 1
    with pytest.raises(Aborted):
        write(job, LOST)
    with pytest.raises(Aborted):
        write(take_back(job, NAME, job.stage(NAME).version, failures_max=3), HELD)


def test_new_results_make_earlier_failures_count_no_more(
    make_job: Make, running: Make, failed: Make
) -> None:
    job = running(failed(make_job(), NAME, lambda count: 0.0), NAME)
    assert keep(job, 0, HELD, REPORT).stage(NAME).failure_count == 1
    assert keep(job, 1, HELD, REPORT).stage(NAME).failure_count == 0


def test_a_failed_attempt_says_why_the_stage_waits(make_job: Make, failed: Make) -> None:
    stage = failed(make_job(), NAME, lambda count: 4.0).stage(NAME)
    assert (stage.state, stage.pause_seconds) == (StageState.WAITING, 4.0)
    assert stage.report.cause == ERROR.message
    assert stage.error == ERROR


def test_a_stage_that_ends_well_forgets_its_troubles(
    make_job: Make, running: Make, failed: Make
) -> None:
    job = running(failed(make_job(), NAME, lambda count: 0.0), NAME)
    stage = finish(job, HELD, replace(REPORT, cause="waits")).stage(NAME)
    assert (stage.state, stage.error, stage.report.cause) == (StageState.DONE, None, "")


def test_the_pause_depends_on_the_failures_before(make_job: Make, failed: Make) -> None:
    job, pauses = make_job(), []
    for _ in range(3):
        job = failed(job, NAME, lambda count: 10.0 * count)
        pauses.append(job.stage(NAME).pause_seconds)
    assert pauses == [0.0, 10.0, 20.0]


def test_a_job_without_its_transcript_fails_and_the_rest_stops(
    make_job: Make, running: Make, failed: Make
) -> None:
    job = failed(running(make_job(), StageName.DIARIZE), NAME)
    assert (job.state, job.error) == (JobState.FAILED, ERROR)
    assert job.stage(StageName.DIARIZE).state is StageState.CANCELLED
    with pytest.raises(Aborted):
        renew(job, Claim("a", StageName.DIARIZE, "secret"), REPORT)


@pytest.mark.parametrize(
    "lost", [StageName.DIARIZE, StageName.READ_VIDEO, StageName.TRANSLATE, StageName.SUMMARIZE]
)
def test_a_job_without_a_lesser_part_is_completed(
    make_job: Make, done: Make, failed: Make, lost: StageName
) -> None:
    job = make_job()
    for stage in job.stages[1:]:
        job = failed(job, stage.name) if stage.name is lost else done(job, stage.name)
    assert job.state is JobState.COMPLETED


def test_a_silent_stage_is_put_back_so_often_and_then_fails(make_job: Make, running: Make) -> None:
    job = make_job()
    for _ in range(2):
        job = running(job, NAME)
        job = take_back(job, NAME, job.stage(NAME).version, failures_max=3)
        assert job.stage(NAME).state is StageState.WAITING
    job = running(job, NAME)
    job = take_back(job, NAME, job.stage(NAME).version, failures_max=3)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.reason == Reason.WORKER_LOST


def test_a_stage_that_spoke_in_time_is_not_taken_back(make_job: Make, running: Make) -> None:
    job = running(make_job(), NAME)
    seen = job.stage(NAME).version
    with pytest.raises(Aborted):
        take_back(renew(job, HELD, REPORT), NAME, seen, failures_max=3)


def test_a_released_stage_has_not_failed(make_job: Make, running: Make) -> None:
    stage = release(running(make_job(), NAME), HELD, REPORT).stage(NAME)
    assert (stage.state, stage.failure_count, stage.pause_seconds) == (StageState.WAITING, 0, 0.0)
    assert stage.report == REPORT


def test_a_note_says_why_a_stage_waits_until_it_is_sent(make_job: Make) -> None:
    job = note(make_job(), NAME, 0, "The transport is down.")
    assert job.stage(NAME).report.cause == "The transport is down."
    assert send(job, NAME, 1).stage(NAME).report.cause == ""


def test_a_cancelled_job_stops_all_its_stages(make_job: Make, running: Make, done: Make) -> None:
    job = cancel(running(done(make_job(), StageName.DIARIZE), NAME))
    assert job.state is JobState.CANCELLED
    assert job.stage(StageName.DIARIZE).state is StageState.DONE
    assert job.stage(NAME).state is StageState.CANCELLED
    assert cancel(job) == job


def test_a_job_that_has_ended_is_not_cancelled(make_job: Make, failed: Make) -> None:
    with pytest.raises(NotPossible) as refused:
        cancel(failed(make_job(), NAME))
    assert refused.value.reason is Reason.JOB_FINISHED
