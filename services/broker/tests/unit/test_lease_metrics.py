from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from brickwork_broker import metrics
from brickwork_broker.core.commands import Acquire, Command, ConfirmGone, Observe, Release, Renew
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.request import WorkClass
from brickwork_broker.core.sight import Sight
from brickwork_broker.core.token import Grant
from brickwork_broker.lease_gauges import measure
from brickwork_broker.lease_meter import LeaseMeter
from brickwork_sdk.telemetry.metrics import Gauge
from services.broker.tests.unit.examples import (
    BRICK,
    ENGINE,
    OTHER_BRICK,
    OTHER_REQUEST,
    REQUEST,
    ledger_of,
)

URGENT = replace(OTHER_REQUEST, work_class=WorkClass.INTERACTIVE)


SIGHT = Sight("host", 1_000, 100, readings={ENGINE: 70})
"""The engine uses 70 bytes, and everybody 100 of the device."""


class Lent:
    """A ledger whose every command is metered."""

    def __init__(self) -> None:
        self.ledger: Ledger = ledger_of()
        self._meter = LeaseMeter()

    def apply(self, command: Command, now_ms: int) -> None:
        self._meter.note(command, self.ledger.apply(command, now_ms), now_ms)

    def epoch(self, token_id: str) -> int:
        row = self.ledger.find(token_id)
        assert isinstance(row, Grant)
        return row.epoch


@pytest.fixture
def lent() -> Iterator[Lent]:
    """One token in use by an engine, and one request that waits for its memory since 1 s."""
    made = Lent()
    made.apply(Acquire(REQUEST, 10_000), 0)
    made.apply(Renew(REQUEST.token_id, made.epoch(REQUEST.token_id), (ENGINE,)), 500)
    made.apply(Acquire(URGENT, 30_000), 1_000)
    yield made
    for gauge in metrics.LEASE_GAUGES:
        gauge.clear()


def value(gauge: Gauge, **labels: str) -> float:
    (found,) = (
        sample.value
        for metric in gauge.collect()
        for sample in metric.samples
        if sample.labels == labels
    )
    return found


def summed(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"brickwork_lease_{name}_sum", labels) or 0.0


def test_what_is_lent_and_who_waits_is_read_from_the_ledger(lent: Lent) -> None:
    lent.apply(Observe(3_000, SIGHT.total_bytes, SIGHT.used_bytes, SIGHT.readings), 3_000)
    measure(lent.ledger, SIGHT, 4_000)
    assert value(metrics.CAPACITY_BYTES, device="host") == 100
    assert value(metrics.GRANTED_BYTES, **{"device": "host", "class": "batch"}) == 60
    assert value(metrics.QUARANTINED_BYTES, device="host") == 0
    assert value(metrics.QUEUE_DEPTH, **{"class": "interactive"}) == 1
    assert value(metrics.QUEUE_AGE_SECONDS, **{"class": "interactive"}) == 3
    assert value(metrics.QUEUE_AGE_SECONDS, **{"class": "batch"}) == 0
    assert value(metrics.OVERRUN_BYTES, device="host") == 10
    assert value(metrics.FOREIGN_BYTES, device="host") == 30


def test_a_probe_that_sees_nothing_hides_nothing_that_the_ledger_knows(lent: Lent) -> None:
    measure(lent.ledger, Sight("host", 1_000), 4_000)
    assert value(metrics.CAPACITY_BYTES, device="host") == 100
    assert value(metrics.QUEUE_DEPTH, **{"class": "interactive"}) == 1
    assert [metric.samples for metric in metrics.FOREIGN_BYTES.collect()] == [[]]


def test_a_dead_holder_s_memory_is_quarantined_until_its_engine_is_gone(lent: Lent) -> None:
    before = summed("reclaim_seconds", suspicion="holder_gone")
    waited = summed("wait_seconds", **{"class": "interactive", "outcome": "granted"})
    lent.apply(ConfirmGone(BRICK), 2_000)
    measure(lent.ledger, SIGHT, 5_000)
    assert value(metrics.QUARANTINED_BYTES, device="host") == 60
    assert value(metrics.QUARANTINE_AGE_SECONDS, device="host") == 3
    assert value(metrics.GRANTED_BYTES, **{"device": "host", "class": "batch"}) == 0
    lent.apply(ConfirmGone(ENGINE), 6_000)
    assert summed("reclaim_seconds", suspicion="holder_gone") - before == 4
    after = summed("wait_seconds", **{"class": "interactive", "outcome": "granted"})
    assert after - waited == 5


def test_a_request_that_is_left_has_waited_too(lent: Lent) -> None:
    before = summed("wait_seconds", **{"class": "interactive", "outcome": "cancelled"})
    lent.apply(ConfirmGone(OTHER_BRICK), 3_000)
    after = summed("wait_seconds", **{"class": "interactive", "outcome": "cancelled"})
    assert after - before == 2


def test_the_gap_between_renewals_and_every_refusal_are_counted(lent: Lent) -> None:
    before = summed("renew_gap_seconds")
    stale = {"refusal": "stale"}
    refused = REGISTRY.get_sample_value("brickwork_lease_refusals_total", stale) or 0.0
    lent.apply(Renew(REQUEST.token_id, lent.epoch(REQUEST.token_id), ()), 2_500)
    assert summed("renew_gap_seconds") - before == 2
    lent.apply(Release(REQUEST.token_id, 999), 2_600)
    assert REGISTRY.get_sample_value("brickwork_lease_refusals_total", stale) == refused + 1
