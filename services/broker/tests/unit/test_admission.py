from dataclasses import replace
from typing import Any

import pytest

from brickwork_broker.core import admission
from brickwork_broker.core.commands import Renew
from brickwork_broker.core.request import Process, TokenRequest, Workload
from services.broker.tests.unit.examples import REQUEST


def test_a_sensible_request_is_admitted() -> None:
    assert admission.find_fault(REQUEST, 0) is None
    assert admission.find_fault(REQUEST, 30_000) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"token_id": "short"}, "token_id"),
        ({"token_id": "x" * 65}, "token_id"),
        ({"token_id": "Token-01"}, "token_id"),
        ({"token_id": "token-01\n"}, "token_id"),
        ({"holder": ""}, "holder"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "p" * 129}, "purpose"),
        ({"tenant": "a\nb"}, "tenant"),
        ({"guaranteed_bytes": 0}, "guaranteed_bytes"),
        ({"guaranteed_bytes": -1}, "guaranteed_bytes"),
        ({"ceiling_bytes": 59}, "ceiling_bytes"),
        ({"ceiling_bytes": (1 << 50) + 1}, "ceiling_bytes"),
        ({"renew_within_ms": 999}, "renew_within"),
        ({"renew_within_ms": 30_001}, "renew_within"),
        ({"process": Process("", 10, 1_000)}, "process"),
        ({"process": Process("b" * 129, 10, 1_000)}, "process"),
        ({"process": Process("boot-1", 0, 1_000)}, "process"),
        ({"process": Process("boot-1", 10, 0)}, "process"),
    ],
)
def test_nonsense_is_named(change: dict[str, Any], named: str) -> None:
    fault = admission.find_fault(replace(REQUEST, **change), 0)
    assert fault is not None
    assert fault.field == named


@pytest.mark.parametrize("wait_ms", [-1, 30_001])
def test_a_wait_beyond_its_range_is_named(wait_ms: int) -> None:
    fault = admission.find_fault(REQUEST, wait_ms)
    assert fault is not None
    assert fault.field == "wait"


def test_a_token_has_a_bounded_number_of_users_and_each_has_a_name() -> None:
    renewal = Renew("token-01", 1, ())
    users = tuple(Process("boot-1", 100 + number, 1) for number in range(513))
    assert admission.find_fault_of_renewal(renewal, users[:512]) is None
    for bad in (users, (Process("boot-1", 0, 1),), (Process("", 1, 1),)):
        assert admission.find_fault_of_renewal(renewal, bad) is not None


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("kept_bytes", replace(Renew("token-01", 1, ()), kept_bytes=-1)),
        ("kept_bytes", replace(Renew("token-01", 1, ()), kept_bytes=10 << 50)),
        ("idle", replace(Renew("token-01", 1, ()), idle_ms=-1)),
        ("idle", replace(Renew("token-01", 1, ()), idle_ms=1 << 50)),
        ("load_progress", replace(Renew("token-01", 1, ()), load_progress=-1)),
    ],
)
def test_a_renewal_that_says_nonsense_is_turned_down(field: str, bad: Renew) -> None:
    fault = admission.find_fault_of_renewal(bad, ())
    assert fault is not None
    assert fault.field == field


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("hold", replace(REQUEST, hold_ms=0)),
        ("hold", replace(REQUEST, hold_ms=365 * 86_400_000)),
        ("give_up_after", replace(REQUEST, give_up_ms=-1)),
        ("workload", replace(REQUEST, workload=Workload(engine="x" * 129))),
        ("workload", replace(REQUEST, workload=Workload(bucket="a\nb"))),
        ("workload", replace(REQUEST, workload=Workload(weights_bytes=-1))),
    ],
)
def test_spans_and_workloads_have_bounds(field: str, bad: TokenRequest) -> None:
    fault = admission.find_fault(bad, 0)
    assert fault is not None
    assert fault.field == field
