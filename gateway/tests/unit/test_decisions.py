from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_gateway.ledger.decisions import Action, Patience, Step, next_steps, pause_after
from brickwork_gateway.ledger.job import Job, JobState, StageName, StageState
from brickwork_gateway.ledger.transitions import send
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    EngineFailed,
    InvalidInput,
    NotFound,
    NotPossible,
    Reason,
)

Make = Callable[..., Job]
PATIENCE = Patience()


def names(steps: list[Step]) -> list[StageName]:
    return [step.stage for step in steps]


def decide(*jobs: Job, unchanged: float = 0.0, patience: Patience = PATIENCE) -> list[Step]:
    return next_steps(jobs, lambda job, stage: unchanged, patience)


HEARD = (StageName.TRANSCRIBE, StageName.DIARIZE, StageName.READ_VIDEO)


def test_a_new_job_sends_its_three_readers_side_by_side(make_job: Make) -> None:
    steps = decide(make_job())
    assert names(steps) == list(HEARD)
    assert {step.action for step in steps} == {Action.SEND}


def test_a_recording_without_pictures_is_not_read(make_job: Make, done: Make) -> None:
    job = make_job(has_video=False)
    assert job.stage(StageName.READ_VIDEO).state is StageState.SKIPPED
    assert names(decide(job)) == [StageName.TRANSCRIBE, StageName.DIARIZE]
    assert names(decide(done(job, StageName.TRANSCRIBE, StageName.DIARIZE))) == [StageName.ALIGN]


def test_nothing_is_aligned_before_all_readers_are_over(make_job: Make, done: Make) -> None:
    assert decide(done(make_job(), StageName.TRANSCRIBE, StageName.DIARIZE)) != []
    assert names(decide(done(make_job(), StageName.TRANSCRIBE, StageName.DIARIZE))) == [
        StageName.READ_VIDEO
    ]


def test_a_failed_reader_does_not_hold_up_the_rest(
    make_job: Make, done: Make, failed: Make
) -> None:
    job = failed(done(make_job(), StageName.TRANSCRIBE, StageName.READ_VIDEO), StageName.DIARIZE)
    assert names(decide(job)) == [StageName.ALIGN]


def test_translation_and_summary_run_side_by_side_and_publish_waits_for_both(
    make_job: Make, done: Make
) -> None:
    job = done(make_job(), *HEARD, StageName.ALIGN)
    assert names(decide(job)) == [StageName.TRANSLATE, StageName.SUMMARIZE]
    assert names(decide(done(job, StageName.TRANSLATE, StageName.SUMMARIZE))) == [StageName.PUBLISH]


def test_what_was_not_asked_for_is_no_stage(make_job: Make, done: Make) -> None:
    job = make_job(translate=None, summary=False)
    assert [stage.name for stage in job.stages][-2:] == [StageName.ALIGN, StageName.PUBLISH]
    assert names(decide(done(job, *HEARD, StageName.ALIGN))) == [StageName.PUBLISH]


def test_a_sent_stage_is_sent_again_only_once_nobody_claims_it(make_job: Make) -> None:
    job = send(make_job(), StageName.TRANSCRIBE, 0)
    assert StageName.TRANSCRIBE not in names(decide(job, unchanged=2.9))
    assert StageName.TRANSCRIBE in names(decide(job, unchanged=3.0))


def test_each_repeat_of_a_message_waits_twice_as_long_up_to_a_limit(make_job: Make) -> None:
    job = make_job()
    for seconds in (3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0):
        job = send(job, StageName.TRANSCRIBE, job.stage(StageName.TRANSCRIBE).version)
        assert StageName.TRANSCRIBE not in names(decide(job, unchanged=seconds - 0.1))
        assert StageName.TRANSCRIBE in names(decide(job, unchanged=seconds))
    assert job.stage(StageName.TRANSCRIBE).attempt == 1


def test_a_running_stage_is_taken_back_once_it_is_silent(make_job: Make, running: Make) -> None:
    job = running(make_job(), StageName.DIARIZE)
    assert StageName.DIARIZE not in names(decide(job, unchanged=4.9))
    [step] = [s for s in decide(job, unchanged=5.0) if s.stage is StageName.DIARIZE]
    assert step.action is Action.TAKE_BACK
    assert step.version == job.stage(StageName.DIARIZE).version


def test_a_failed_attempt_waits_for_its_pause(make_job: Make, failed: Make) -> None:
    job = failed(make_job(), StageName.DIARIZE, lambda count: 4.0)
    assert StageName.DIARIZE not in names(decide(job, unchanged=3.9))
    assert StageName.DIARIZE in names(decide(job, unchanged=4.0))


def test_only_so_many_stages_of_a_class_are_dispatched_and_the_oldest_job_goes_first(
    make_job: Make,
) -> None:
    jobs = [make_job(name) for name in "abc"]
    steps = decide(*jobs, patience=Patience(dispatched_max=4))
    assert [step.job_id for step in steps] == ["a", "a", "a", "b"]


def test_one_class_does_not_use_up_the_room_of_another(make_job: Make) -> None:
    jobs = [make_job("a", work_class=WorkClass.BATCH), make_job("b")]
    steps = decide(*jobs, patience=Patience(dispatched_max=1))
    assert [(step.job_id, step.work_class) for step in steps] == [
        ("a", "batch"),
        ("b", "interactive"),
    ]


def test_a_message_is_sent_again_even_when_there_is_no_room_for_more(make_job: Make) -> None:
    job = send(make_job(), StageName.TRANSCRIBE, 0)
    steps = decide(job, unchanged=3.0, patience=Patience(dispatched_max=1))
    assert names(steps) == [StageName.TRANSCRIBE]


@pytest.mark.parametrize("error", [InvalidInput, NotFound, NotPossible])
def test_what_is_the_requests_fault_is_not_tried_again(error: type[BrickworkError]) -> None:
    assert pause_after(error(Reason.MEDIA_UNREADABLE, "x"), 0, PATIENCE) is None


@pytest.mark.parametrize("reason", [Reason.OBJECT_MISSING, Reason.MEDIA_MISSING])
def test_a_recording_that_is_away_may_come_back(reason: Reason) -> None:
    error = NotFound(reason, "x")
    assert pause_after(error, 0, PATIENCE) == 1.0
    assert pause_after(error, 7, PATIENCE) is None


def test_pauses_grow_and_end() -> None:
    error = EngineFailed(Reason.ENGINE_CRASHED, "x")
    pauses = [pause_after(error, count, PATIENCE) for count in range(8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, None]


def test_a_pause_is_at_least_what_the_error_asks_for() -> None:
    busy = Busy(Reason.ENGINE_STOPPED, "x", retry_after_seconds=5.0)
    assert pause_after(busy, 0, PATIENCE) == 5.0
    assert pause_after(busy, 3, PATIENCE) == 8.0


@settings(deadline=None, max_examples=50)
@given(outcomes=st.lists(st.booleans(), min_size=64, max_size=64))
def test_every_job_comes_to_its_end_whatever_fails(
    make_job: Make, done: Make, failed: Make, outcomes: list[bool]
) -> None:
    job, error = make_job(), EngineFailed(Reason.ENGINE_CRASHED, "x")
    for succeeds in outcomes:
        steps = decide(job, unchanged=1000.0)
        if not steps:
            break
        if succeeds:
            job = done(job, steps[0].stage)
        else:
            job = failed(job, steps[0].stage, lambda count: pause_after(error, count, PATIENCE))
    assert job.state is not JobState.RUNNING
