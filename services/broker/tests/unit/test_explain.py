from dataclasses import replace

from brickwork_broker.core.commands import ConfirmGone, Observe, Release, Renew
from brickwork_broker.core.explain import Place, explain
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.core.readings import LASTING_MS
from services.broker.tests.unit.examples import (
    BRICK,
    ENGINE,
    OTHER_REQUEST,
    REQUEST,
    acquire,
    ledger_of,
)

GB = 1_000_000_000
BIG = replace(REQUEST, guaranteed_bytes=5 * GB, ceiling_bytes=5 * GB)
OTHER_BIG = replace(OTHER_REQUEST, guaranteed_bytes=3 * GB, ceiling_bytes=3 * GB)
THIRD = replace(BIG, token_id="token-03", holder="ocr")


def test_a_waiter_learns_how_much_is_lacking_and_who_holds_it() -> None:
    ledger = ledger_of(8_200_000_000)
    acquire(ledger, BIG)
    acquire(ledger, OTHER_BIG)
    acquire(ledger, THIRD)
    cause = "Waiting for 4.8 GB held by asr whisper-base, llm smollm2."
    assert explain(ledger, "token-03") == Place(1, cause)


def test_who_is_on_the_way_out_is_said() -> None:
    ledger = ledger_of(5 * GB)
    acquire(ledger, BIG)
    ledger.apply(Renew("token-01", 1, (ENGINE,)), 0)
    ledger.apply(ConfirmGone(BRICK), 0)
    acquire(ledger, replace(OTHER_BIG, guaranteed_bytes=40_000_000))
    cause = "Waiting for 40 MB to come back from asr whisper-base (ending)."
    assert explain(ledger, "token-02") == Place(1, cause)


def test_who_needs_what_stays_where_it_is_learns_what_is_in_the_way() -> None:
    ledger = ledger_of(8 * GB)
    acquire(ledger, OTHER_BIG)
    ledger.apply(Renew("token-02", 1, (ENGINE,)), 0)
    ledger.apply(ConfirmGone(OTHER_BIG.process), 0)
    acquire(ledger, replace(BIG, guaranteed_bytes=6 * GB, ceiling_bytes=6 * GB))
    for at_ms in (0, LASTING_MS):
        ledger.apply(Observe(at_ms, 8 * GB, 3 * GB, {ENGINE: 1 * GB}), at_ms)
    assert explain(ledger, "token-01") == Place(
        1,
        "It needs 6.0 GB, and no more than 3.0 GB can be lent while the processes of llm smollm2 "
        "(stuck) do not end and other programs use 2.0 GB; others go first.",
    )


def test_who_needs_more_than_the_device_has_learns_that() -> None:
    ledger = ledger_of(8 * GB)
    ledger.apply(Observe(0, 4 * GB, 0, {}), 0)
    acquire(ledger, BIG)
    cause = "It needs 5.0 GB, and no more than 4.0 GB can be lent while the device has no more"
    assert explain(ledger, "token-01") == Place(1, f"{cause}; others go first.")


def test_who_is_before_a_waiter_is_counted() -> None:
    ledger = ledger_of(6 * GB)
    acquire(ledger, BIG)
    acquire(ledger, OTHER_BIG)
    acquire(ledger, replace(THIRD, guaranteed_bytes=1, ceiling_bytes=1))
    assert explain(ledger, "token-03") == Place(
        2, "Waiting for its turn, 1 before it in the queue."
    )
    acquire(ledger, replace(THIRD, token_id="token-04"))
    place = explain(ledger, "token-04")
    assert place is not None
    assert place.cause.endswith("held by asr whisper-base; 2 before it in the queue.")


def test_many_holders_are_counted_and_the_biggest_are_named() -> None:
    ledger = ledger_of(100)
    for number in range(6):
        small = replace(REQUEST, token_id=f"small-{number:02}", holder=f"b{number}")
        acquire(ledger, replace(small, guaranteed_bytes=10 + number, ceiling_bytes=10 + number))
    acquire(ledger, OTHER_REQUEST)
    place = explain(ledger, "token-02")
    assert place is not None
    assert "held by b5 whisper-base, b4" in place.cause
    assert place.cause.endswith("and 2 more.")


def test_during_recovery_the_cause_is_the_restart() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    again = Ledger(Limits(100), ledger.history())
    acquire(again, OTHER_REQUEST)
    place = explain(again, "token-02")
    assert place is not None
    assert "restart" in place.cause


def test_who_does_not_wait_has_no_place() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Release("token-01", 1), 0)
    assert explain(ledger, "token-01") is None
