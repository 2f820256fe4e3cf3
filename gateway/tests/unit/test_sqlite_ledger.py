import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Claim, Job, JobState, Report, StageName, StageState
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import cancel, claim, keep, send
from brickwork_sdk.errors import Aborted, NotFound, NotPossible, Reason

Make = Callable[..., Job]
NAME = StageName.TRANSCRIBE
HELD = Claim("a", NAME, "secret")
LOST = Claim("a", NAME, "another")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def chunk(number: int) -> Chunk:
    return Chunk(NAME, f"{number:04d}", {"start_ms": number, "text": "olá"})


def test_a_job_comes_back_as_it_was_kept(ledger: SqliteLedger, make_job: Make) -> None:
    ledger.add(make_job())
    assert ledger.get("a") == make_job()


def test_a_job_survives_the_process(tmp_path: Path, make_job: Make) -> None:
    first = SqliteLedger(tmp_path / "ledger.sqlite3")
    first.add(make_job())
    first.close()
    second = SqliteLedger(tmp_path / "ledger.sqlite3")
    assert second.unfinished() == [make_job()]
    second.close()


def test_every_change_moves_the_mark_and_a_look_does_not(tmp_path: Path, make_job: Make) -> None:
    ours, theirs = (SqliteLedger(tmp_path / "ledger.sqlite3") for _ in range(2))
    marks = [ours.change_mark()]
    ours.add(make_job("a"))
    marks.append(ours.change_mark())
    theirs.change("a", cancel)
    marks.append(ours.change_mark())
    assert len(set(marks)) == 3
    assert not ours.unfinished()
    theirs.change("a", cancel)  # twice is once
    assert ours.change_mark() == marks[-1]
    ours.close()
    theirs.close()


def test_an_unknown_job_is_an_error(ledger: SqliteLedger) -> None:
    with pytest.raises(NotFound) as raised:
        ledger.get("b")
    assert raised.value.reason is Reason.JOB_UNKNOWN
    with pytest.raises(NotFound):
        ledger.change("b", cancel)


def test_the_newest_jobs_are_listed_first_and_the_oldest_worked_on_first(
    ledger: SqliteLedger, make_job: Make
) -> None:
    for name in "abc":
        ledger.add(make_job(name))
    ledger.change("b", cancel)
    assert [job.job_id for job in ledger.latest(2)] == ["c", "b"]
    assert [job.job_id for job in ledger.unfinished()] == ["a", "c"]


def test_chunks_come_back_in_order_of_key_and_once(
    ledger: SqliteLedger, make_job: Make, running: Make
) -> None:
    ledger.add(running(make_job(), NAME))
    write = partial(keep, claim=HELD, report=Report())
    ledger.keep("a", [chunk(2)], write)
    ledger.keep("a", [chunk(1), chunk(2)], write)
    assert ledger.chunks("a", NAME) == [chunk(1), chunk(2)]
    segments = [event for event in ledger.events("a", 0) if event.kind == "segment"]
    assert [event.body["start_ms"] for event in segments] == [2, 1]


def test_nothing_is_kept_of_a_change_that_was_refused(
    ledger: SqliteLedger, make_job: Make, running: Make
) -> None:
    ledger.add(running(make_job(), NAME))
    before = ledger.events("a", 0)
    with pytest.raises(Aborted):
        ledger.keep("a", [chunk(1)], partial(keep, claim=LOST, report=Report()))
    assert ledger.chunks("a", NAME) == []
    assert ledger.events("a", 0) == before


def test_events_are_numbered_from_one_without_gaps_and_resume(
    ledger: SqliteLedger, make_job: Make
) -> None:
    ledger.add(make_job())
    ledger.add(make_job("b"))
    ledger.change("a", partial(send, name=NAME, version=0))
    ledger.change("a", cancel)
    events = ledger.events("a", 0)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[0].kind == "job"
    assert (events[-1].kind, events[-1].body["state"]) == ("job", "cancelled")
    assert ledger.events("a", 3) == events[3:]


def test_what_only_we_see_is_no_event(ledger: SqliteLedger, make_job: Make) -> None:
    ledger.add(make_job())
    before = ledger.events("a", 0)
    ledger.change(
        "a", lambda job: replace(job, stages=(*job.stages[:-1], replace(job.stages[-1], version=9)))
    )
    assert ledger.events("a", 0) == before


def test_threads_that_race_for_an_attempt_leave_one_winner(
    ledger: SqliteLedger, make_job: Make
) -> None:
    ledger.add(send(make_job(), NAME, 0))

    def race(secret: str) -> bool:
        try:
            ledger.change("a", partial(claim, name=NAME, attempt=1, secret=secret))
        except Aborted:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(race, map(str, range(16)))) == 1


def _add_many(path: Path, job: Job, worker: int) -> None:
    ledger = SqliteLedger(path)
    for number in range(20):
        ledger.add(replace(job, job_id=f"{worker}-{number}"))
    ledger.close()


def test_processes_open_and_write_one_ledger_at_the_same_time(
    tmp_path: Path, make_job: Make
) -> None:
    spawn, path = get_context("spawn"), tmp_path / "ledger.sqlite3"
    children = [
        spawn.Process(target=_add_many, args=(path, make_job(), worker)) for worker in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    ledger = SqliteLedger(path)
    assert len(ledger.latest(100)) == 40
    ledger.close()


def test_a_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NotPossible) as raised:
        SqliteLedger(path)
    assert raised.value.reason is Reason.LEDGER_INCOMPATIBLE


def test_a_stage_keeps_all_that_was_reported(
    ledger: SqliteLedger, make_job: Make, failed: Make
) -> None:
    ledger.add(failed(make_job(), NAME, lambda count: 2.5))
    stage = ledger.get("a").stage(NAME)
    assert (stage.state, stage.pause_seconds) == (StageState.WAITING, 2.5)
    assert stage.error is not None
    assert stage.error.reason == "ENGINE_CRASHED"


def test_what_is_no_ledger_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"this is no database, and long enough to tell" * 9)
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "file" / "folder"):
        with pytest.raises(NotPossible) as raised:
            SqliteLedger.in_folder(folder)
        assert raised.value.reason is Reason.SETTING_INVALID


def test_jobs_are_counted_by_state(ledger: SqliteLedger, make_job: Make) -> None:
    for job_id in ("a", "b", "c"):
        ledger.add(make_job(job_id))
    ledger.change("b", cancel)
    counts = ledger.counts()
    assert counts[JobState.RUNNING] == 2
    assert counts[JobState.CANCELLED] == 1
    assert counts[JobState.COMPLETED] == 0
