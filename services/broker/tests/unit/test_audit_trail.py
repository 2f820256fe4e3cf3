"""The broker's audit log on a disk: over restarts, kills and full disks, and live."""

import asyncio
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brickwork.broker.v1 import broker_pb2
from brickwork_broker.audit.audit_trail import AuditTrail
from brickwork_broker.audit.auditor import check_history
from brickwork_broker.audit.daily_head import export_daily
from brickwork_broker.audit.history import Breach
from brickwork_broker.audit.usage import Usage
from brickwork_broker.core.commands import (
    Acquire,
    Command,
    ConfirmGone,
    Observe,
    Release,
    Renew,
    Tick,
)
from brickwork_broker.core.events import Event, Evidence, Released
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_sdk.audit import Entry, Record
from brickwork_sdk.audit.chain import check_chain
from brickwork_sdk.audit.head import heads_folder
from brickwork_sdk.audit.segments import records_of, segment_path
from brickwork_sdk.testing.disk import files_at_most
from services.broker.tests.unit.examples import ENGINE, OTHER_REQUEST, REQUEST

LIMITS = Limits(100)


class Broker:
    """A ledger and its trail, as the runtime keeps them in step."""

    def __init__(self, folder: Path, ledger: Ledger, now_ms: int = 0) -> None:
        self.ledger = ledger
        self.trail = AuditTrail(folder, ledger, "host", now_ms)

    def apply(self, command: Command, now_ms: int = 0) -> tuple[Event, ...]:
        events = self.ledger.apply(command, now_ms)
        self.trail.note(command, events, now_ms)
        return events


@contextmanager
def broker(folder: Path, ledger: Ledger | None = None, now_ms: int = 0) -> Iterator[Broker]:
    running = Broker(folder, ledger or Ledger(LIMITS), now_ms)
    with closing(running.trail):
        yield running


def restarted(ledger: Ledger, now_ms: int) -> Ledger:
    return Ledger(LIMITS, list(ledger.history()), now_ms)


def breaches(folder: Path) -> list[Breach]:
    """Check a log whole: its chain, and what it says."""
    assert check_chain(folder).damages == []
    return check_history(folder)[1]


def whats(folder: Path) -> list[str]:
    return [record.entry.what for record in records_of(folder)]


def test_a_life_is_on_record_from_start_to_stop(tmp_path: Path) -> None:
    with broker(tmp_path / "audit") as running:
        running.apply(Acquire(REQUEST, 10_000))
        running.apply(Renew("token-01", 1, (ENGINE,)))
    assert whats(tmp_path / "audit") == [
        *("broker_started", "token_changed", "token_changed", "users_bound", "broker_stopped"),
    ]
    assert breaches(tmp_path / "audit") == []


def test_a_restart_goes_on_where_the_log_ended(tmp_path: Path) -> None:
    with broker(tmp_path) as first:
        first.apply(Acquire(REQUEST, 10_000))
        first.apply(Acquire(OTHER_REQUEST, 10_000))
    with broker(tmp_path, restarted(first.ledger, 1_000), 1_000) as second:
        second.apply(Renew("token-01", 1, (ENGINE,)), 1_000)
        second.apply(Acquire(OTHER_REQUEST, 10_000), 1_001)
        second.apply(Release("token-01", 1), 1_002)
        second.apply(ConfirmGone(ENGINE), 1_003)
    history, broken = check_history(tmp_path)
    assert broken == []
    assert (history.start_count, history.found_count) == (2, 0)
    assert history.tokens["token-02"].state == "granted"


def test_what_a_kill_kept_off_the_log_is_found_in_the_journal(tmp_path: Path) -> None:
    log, kept = tmp_path / "audit", tmp_path / "before"
    running = Broker(log, Ledger(LIMITS))
    running.apply(Acquire(replace(REQUEST, token_id="token-00"), 10_000))
    running.apply(Acquire(OTHER_REQUEST, 10_000))
    shutil.copytree(log, kept)
    running.apply(Release("token-00", 1), 10)  # its end, and the grant that this makes room for
    with broker(kept, restarted(running.ledger, 20), 20):
        pass
    history, broken = check_history(kept)
    assert broken == []
    assert whats(kept).count("token_found") == history.found_count == 2
    found = [one.entry for one in records_of(kept) if one.entry.what == "token_found"]
    assert [
        (one.fields["token_id"], one.fields["before"], one.fields["after"]) for one in found
    ] == [
        ("token-00", "granted", "released"),
        ("token-02", "queued", "granted"),
    ]


def test_a_log_that_begins_after_the_journal_takes_its_tokens_as_they_are(tmp_path: Path) -> None:
    ledger = Ledger(LIMITS)
    ledger.apply(Acquire(REQUEST, 10_000), 0)
    with broker(tmp_path, restarted(ledger, 10), 10):
        pass
    assert breaches(tmp_path) == []


def test_a_full_disk_costs_records_that_are_counted_and_no_decision(tmp_path: Path) -> None:
    with broker(tmp_path) as running:
        with files_at_most(segment_path(tmp_path, 1).stat().st_size + 50):
            running.apply(Acquire(REQUEST, 10_000))
            running.apply(Renew("token-01", 1, (ENGINE,)), 1)
            assert running.ledger.charged_bytes == 60
            assert running.trail.missing == 3
        running.apply(Tick(), 2)
        assert running.trail.missing == 0
        running.apply(Release("token-01", 1), 3)
        running.apply(ConfirmGone(ENGINE), 4)
    assert whats(tmp_path)[:3] == ["broker_started", "records_missing", "ledger_stands"]
    assert check_chain(tmp_path).missing_count == 3
    assert breaches(tmp_path) == []
    assert running.trail.timeline.latest(0, 4).transitions[0].sequence == 0


def test_a_disk_that_is_full_at_the_start_stops_no_broker(tmp_path: Path) -> None:
    with files_at_most(0):
        running = Broker(tmp_path / "audit", Ledger(LIMITS))
        running.apply(Acquire(REQUEST, 10_000))
    running.trail.close()
    assert whats(tmp_path / "audit") == ["records_missing", "broker_stopped", "ledger_stands"]
    assert breaches(tmp_path / "audit") == []


def test_a_broken_promise_is_told_while_the_broker_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with broker(tmp_path) as running, caplog.at_level(logging.ERROR):
        running.apply(Acquire(REQUEST, 10_000))
        assert caplog.records == []
        running.trail.note(Tick(), [Released("token-01", Evidence.USERS_GONE)], 1)
    assert {(one.getMessage(), vars(one)["promise"]) for one in caplog.records} == {
        ("promise_broken", "S2"),
        ("promise_broken", "S7"),
    }
    assert {one.promise for one in breaches(tmp_path)} == {"S2", "S7"}


def test_the_timeline_tells_the_latest_changes_over_a_restart_too(tmp_path: Path) -> None:
    with broker(tmp_path) as first:
        first.apply(Acquire(REQUEST, 10_000))
    with broker(tmp_path, restarted(first.ledger, 5_000), 5_000) as second:
        second.apply(Release("token-01", 1), 5_000)
        timeline = second.trail.timeline
        told = timeline.latest(0, 7_000).transitions
        assert [one.after for one in told] == [
            broker_pb2.TOKEN_STATE_QUEUED,
            broker_pb2.TOKEN_STATE_GRANTED,
            broker_pb2.TOKEN_STATE_QUARANTINED,
            broker_pb2.TOKEN_STATE_RELEASED,
        ]
        assert [one.sequence for one in told] == [2, 3, 6, 7]
        last = timeline.latest(1, 7_000).transitions[0]
        assert (last.token_id, last.holder, last.charged_bytes) == ("token-01", "asr", 0)
        assert (last.cause, last.ago.ToMilliseconds()) == ("No process has ever used it.", 2_000)
        assert last.before == broker_pb2.TOKEN_STATE_QUARANTINED


async def test_a_head_is_exported_once_the_start_is_over(tmp_path: Path) -> None:
    with broker(tmp_path) as running:
        running.apply(Acquire(REQUEST, 10_000))
        exporting = asyncio.create_task(export_daily(tmp_path, first_seconds=0.0))
        async with asyncio.timeout(10):
            while not list(heads_folder(tmp_path).glob("*.json")):  # noqa: ASYNC110 - a thread's file
                await asyncio.sleep(0.01)
        exporting.cancel()
        await asyncio.gather(exporting, return_exceptions=True)
    found = check_chain(tmp_path)
    assert (found.head_count, found.damages) == (1, [])


def test_the_auditor_answers_in_json(tmp_path: Path) -> None:
    with broker(tmp_path) as running:
        running.apply(Acquire(REQUEST, 10_000))
    command = [sys.executable, "-m", "brickwork_broker.audit.auditor"]
    answers = [
        json.loads(subprocess.run([*command, question, tmp_path], capture_output=True).stdout)
        for question in ("history", "usage")
    ]
    assert answers[0] == {"start_count": 1, "change_count": 2, "found_count": 0, "breaches": []}
    assert answers[1]["tenants"][0]["tenant"] == "default"


def test_what_was_used_of_what_was_granted_is_recorded_every_ten_minutes_and_at_the_end(
    tmp_path: Path,
) -> None:
    with broker(tmp_path) as running:
        running.apply(Acquire(replace(REQUEST, tenant="ana"), 10_000))
        running.apply(Renew("token-01", 1, (ENGINE,)))
        for now_ms in range(2_000, 612_001, 2_000):
            running.apply(Renew("token-01", 1, (ENGINE,)), now_ms)
            running.apply(Observe(now_ms, 100, 30, {ENGINE: 30}), now_ms)
    used = [one.entry.fields for one in records_of(tmp_path) if one.entry.what == "memory_used"]
    assert used == [{"byte_seconds": {"ana": 30 * 600.0}}, {"byte_seconds": {"ana": 30 * 12.0}}]
    usage = Usage()
    for record in records_of(tmp_path):
        usage.read(record)
    assert usage.by_tenant["ana"].used_byte_seconds == 30 * 612
    assert breaches(tmp_path) == []


BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


def used(*entries: tuple[int, Entry], since_seconds: int | None = None) -> dict[str, float]:
    """Return the byte-seconds of each tenant, from entries at seconds after the beginning."""
    since = None if since_seconds is None else BEGAN + timedelta(seconds=since_seconds)
    usage = Usage(since)
    for number, (seconds, entry) in enumerate(entries, 1):
        usage.read(Record(number, BEGAN + timedelta(seconds=seconds), "", entry))
    usage.settle(BEGAN + timedelta(seconds=1_000))
    return {name: one.granted_byte_seconds for name, one in usage.by_tenant.items()}


def change(after: str, charged_bytes: int, tenant: str = "ana") -> Entry:
    fields = {"token_id": f"of-{tenant}", "tenant": tenant, "charged_bytes": charged_bytes}
    return Entry("broker", "token_changed", "", {**fields, "before": "queued", "after": after})


STOPPED = Entry("broker", "broker_stopped", "")


def test_bytes_count_from_the_grant_until_they_are_free_again() -> None:
    life = (
        (0, change("queued", 0)),
        (10, change("granted", 100)),
        (20, change("granted", 40)),
        (30, change("quarantined", 40)),
        (40, change("released", 0)),
    )
    assert used(*life, (50, STOPPED)) == {"ana": 100 * 10 + 40 * 20}
    assert used(*life, (50, STOPPED), since_seconds=25) == {"ana": 40 * 15}


def test_what_is_held_still_counts_up_to_now_while_the_broker_runs() -> None:
    assert used((990, change("granted", 5))) == {"ana": 50}
    assert used((990, change("granted", 5)), (995, STOPPED)) == {"ana": 25}


def test_a_start_ends_what_it_does_not_name_and_tenants_are_told_apart() -> None:
    tokens = [{"token_id": "of-", "tenant": "", "charged_bytes": 7}]
    told = used(
        (0, change("granted", 1)),
        (0, change("granted", 7, tenant="")),
        (10, Entry("broker", "broker_started", "", {"tokens": tokens})),
        (20, change("released", 0, tenant="")),
    )
    assert told == {"ana": 10, "default": 140}
