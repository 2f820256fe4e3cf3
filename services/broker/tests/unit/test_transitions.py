"""What the audit log says of each change: who, from where to where, how much, and why."""

from dataclasses import replace

from brickwork_broker.audit.transitions import Transitions
from brickwork_broker.core.commands import (
    Acquire,
    Authority,
    ConfirmGone,
    Observe,
    Override,
    Reclassify,
    Release,
    Renew,
    SetDraining,
    Tick,
)
from brickwork_broker.core.events import (
    AskedBack,
    Event,
    Granted,
    Quarantined,
    Shrunk,
    Suspicion,
    Yield,
)
from brickwork_broker.core.request import WorkClass
from brickwork_sdk.audit import Entry
from services.broker.tests.unit.examples import BRICK, ENGINE, OTHER_REQUEST, REQUEST
from services.broker.tests.unit.told import Told

SECRET = "f" * 64
ANA = Authority("ana", "the machine is being moved")


def moves(entries: list[Entry]) -> list[tuple[object, ...]]:
    """Return who moved which token from where to where."""
    return [
        (entry.who, entry.fields["token_id"], entry.fields["before"], entry.fields["after"])
        for entry in entries
        if "after" in entry.fields
    ]


def test_the_life_of_a_token_is_recorded_step_by_step() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    told.tell(Renew("token-01", 1, (ENGINE,)))
    told.tell(Release("token-01", 1))
    told.tell(ConfirmGone(ENGINE))
    assert moves(told.entries) == [
        ("holder:asr", "token-01", None, "queued"),
        ("broker", "token-01", "queued", "granted"),
        ("holder:asr", "token-01", "granted", "quarantined"),
        ("probe", "token-01", "quarantined", "released"),
    ]
    assert [entry.what for entry in told.entries if "after" not in entry.fields] == [
        "broker_started",
        "users_bound",
        "user_gone",
    ]
    granted = next(one for one in told.entries if one.fields.get("after") == "granted")
    assert (granted.fields["epoch"], granted.fields["charged_bytes"]) == (1, 60)
    assert told.entries[-1].fields["evidence"] == "users_gone"
    assert told.transitions.standings() == []


def test_what_time_ends_is_the_brokers_doing_whoever_called_then() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    told.tell(Acquire(OTHER_REQUEST, 10_000))
    told.tell(Release("token-02", 0), now_ms=5_000)
    assert moves(told.entries)[-2:] == [
        ("broker", "token-01", "granted", "quarantined"),
        ("holder:llm", "token-02", "queued", "cancelled"),
    ]


def test_what_is_asked_back_says_how_much_and_why() -> None:
    told = Told()
    granted = Granted(replace(REQUEST, guaranteed_bytes=20, shrinkable=True), 60, 1)
    asked = AskedBack("token-01", 30, 30_000, Yield.SHRINK, "llm smollm2 waits.", "token-02")
    events: tuple[Event, ...] = (
        *(granted, asked, Shrunk("token-01", 40), Shrunk("token-01", 30)),
        *(replace(asked, keep_bytes=0, how=Yield.REVOKE), Shrunk("token-01", 25)),
        Quarantined("token-01", Suspicion.REVOKED),
    )
    entries = told.transitions.entries(Tick(), events)
    assert [entry.fields["after"] for entry in entries] == [
        *("granted", "shrinking", "shrinking", "granted", "revoking", "revoking", "quarantined"),
    ]
    assert [entry.fields["charged_bytes"] for entry in entries] == [60, 60, 40, 30, 30, 25, 25]
    assert entries[1].why == "llm smollm2 waits."
    assert entries[1].fields["for_token"] == "token-02"


def test_what_an_operator_does_is_recorded_with_name_and_reason() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    told.tell(Acquire(OTHER_REQUEST, 10_000))
    told.tell(Renew("token-01", 1, (ENGINE,)))
    told.tell(Release("token-01", 1))
    told.tell(SetDraining(True, ANA))
    told.tell(Reclassify("token-02", WorkClass.INTERACTIVE, ANA))
    told.tell(Override("token-01", ANA))
    by_ana = [entry for entry in told.entries if entry.who == "operator:ana"]
    assert [entry.what for entry in by_ana] == [
        *("drain_set", "token_changed", "override", "token_changed"),
    ]
    assert {entry.why for entry in by_ana} == {ANA.reason}
    assert by_ana[1].fields["work_class"] == "interactive"
    assert by_ana[3].fields["evidence"] == "override"


def test_what_changes_nothing_is_not_recorded() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    count = len(told.entries)
    told.tell(Renew("token-01", 1, ()))
    told.tell(Renew("token-01", 7, ()))
    told.tell(Acquire(REQUEST, 10_000))
    told.tell(Tick())
    assert len(told.entries) == count


def test_too_much_in_use_is_recorded_when_it_begins_and_when_it_ends() -> None:
    told = Told()
    told.tell(Observe(0, 100, 120, {}))
    told.tell(Observe(0, 100, 120, {}))
    told.tell(Observe(0, 100, 10, {}))
    assert [(one.what, one.fields["excess_bytes"]) for one in told.entries[1:]] == [
        *(("overcommitted", 20), ("overcommitted", 0)),
    ]


def test_no_secret_is_ever_recorded() -> None:
    told = Told()
    told.tell(Acquire(replace(REQUEST, secret_sha256=SECRET), 10_000))
    told.tell(Renew("token-01", 1, (ENGINE,)))
    told.entries.append(told.standing("ledger_stands"))
    assert SECRET not in str(told.entries)


def test_a_restart_knows_how_every_token_stands() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    told.tell(Renew("token-01", 1, (ENGINE, BRICK)))
    before = told.transitions.standings()
    told.restart(now_ms=1_000)
    assert told.transitions.standings() == before
    assert Transitions(()).standings() == []
