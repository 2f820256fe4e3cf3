"""The history checker: silent over any true story, and loud over each kind of a false one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_broker.audit.standing import standing_of
from brickwork_broker.core.commands import (
    Abandon,
    Acquire,
    Authority,
    Command,
    ConfirmGone,
    Observe,
    Override,
    Reclassify,
    Release,
    Renew,
    Tick,
)
from brickwork_broker.core.request import Process, WorkClass
from brickwork_broker.core.room import EPOCH_BLOCK
from brickwork_sdk.audit import Entry
from services.broker.tests.unit.examples import (
    ENGINE,
    OTHER_BRICK,
    OTHER_ENGINE,
    OTHER_REQUEST,
    REQUEST,
)
from services.broker.tests.unit.told import Told, breaches_of

ANA = Authority("ana", "it was looked at by hand")

Story = list[Entry]


def story() -> Story:
    """Two tokens, a restart, an override and a token that no process ever used."""
    told = Told()
    told.tell(Acquire(replace(REQUEST, loads=True), 10_000))
    told.tell(Renew("token-01", 1, (ENGINE,), is_loading=True))
    told.tell(Acquire(OTHER_REQUEST, 20_000), now_ms=10)
    told.tell(Renew("token-01", 1, (ENGINE,), is_loading=False), now_ms=20)
    told.tell(Release("token-01", 1), now_ms=30)
    told.tell(ConfirmGone(ENGINE), now_ms=40)
    told.tell(Renew("token-02", 2, (OTHER_ENGINE,)), now_ms=50)
    told.restart(now_ms=60)
    told.tell(ConfirmGone(OTHER_BRICK), now_ms=70)
    told.tell(Override("token-02", ANA), now_ms=80)
    told.tell(Acquire(replace(REQUEST, token_id="token-03"), 10_000), now_ms=90)
    told.tell(Release("token-03", 1 + EPOCH_BLOCK), now_ms=100)
    told.entries.append(told.standing("ledger_stands"))
    return told.entries


def index_of(entries: Story, what: str, token_id: str = "", after: str = "") -> int:
    """Return where the first entry of a kind is."""
    for index, entry in enumerate(entries):
        is_of = entry.fields.get("token_id", "") == token_id or not token_id
        if entry.what == what and is_of and entry.fields.get("after", "") == after:
            return index
    raise AssertionError(f"no {what} of {token_id} to {after}")


def changed(entries: Story, index: int, **fields: object) -> Story:
    entry = entries[index]
    told = replace(entry, fields={**entry.fields, **fields})
    return [*entries[:index], told, *entries[index + 1 :]]


def without(entries: Story, index: int) -> Story:
    return [*entries[:index], *entries[index + 1 :]]


def lends_too_much(entries: Story) -> Story:
    return changed(entries, 0, capacity_bytes=59)


def adds_more_than_there_is(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-02", "granted")
    return changed(entries, at, charged_bytes=101)


def reuses_an_epoch(entries: Story) -> Story:
    return [
        replace(entry, fields={**entry.fields, "epoch": 1})
        if entry.fields.get("token_id") == "token-03" and entry.fields["epoch"]
        else entry
        for entry in entries
    ]


def changes_an_epoch(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "quarantined")
    return changed(entries, at, epoch=9_999)


def revives_a_token(entries: Story) -> Story:
    granted = entries[index_of(entries, "token_changed", "token-01", "granted")]
    fields = {**granted.fields, "before": None, "after": "queued", "epoch": 0, "charged_bytes": 0}
    return [*entries, replace(granted, fields=fields)]


def renews_what_is_over(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "quarantined")
    back = {**entries[at].fields, "before": "quarantined", "after": "granted"}
    return [*entries[: at + 1], replace(entries[at], fields=back), *entries[at + 1 :]]


def skips_quarantine(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "quarantined")
    to = index_of(entries, "token_changed", "token-01", "released")
    return without(changed(entries, to, before="granted"), at)


def frees_at_once_what_has_expired(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "quarantined")
    return changed(entries, at, charged_bytes=0)


def frees_what_is_used(entries: Story) -> Story:
    return without(entries, index_of(entries, "user_gone", "token-01"))


def frees_as_never_used(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "released")
    return changed(entries, at, evidence="never_used")


def frees_without_evidence(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-01", "released")
    return changed(entries, at, evidence="")


def overrides_unrecorded(entries: Story) -> Story:
    return without(entries, index_of(entries, "override", "token-02"))


def loads_two_at_once(entries: Story) -> Story:
    at = index_of(entries, "token_loaded", "token-01")
    late = entries[at]
    entries = without(entries, at)
    at = index_of(entries, "user_gone", "token-01")
    entries = [*entries[:at], late, *entries[at:]]
    told = replace(entries[at - 1], fields={**entries[at - 1].fields})
    loading = {
        **{"token_id": "token-09", "before": None, "after": "queued", "epoch": 0},
        "charged_bytes": 0,
    }
    granted = {**loading, "before": "queued", "after": "granted", "epoch": 1_000, "loads": True}
    at = index_of(entries, "users_bound", "token-01")
    more = [replace(told, fields=loading), replace(told, fields=granted)]
    return [*entries[: at + 1], *more, *entries[at + 1 :]]


def loses_a_change(entries: Story) -> Story:
    return without(entries, index_of(entries, "token_changed", "token-02", "queued"))


def jumps(entries: Story) -> Story:
    at = index_of(entries, "token_changed", "token-03", "quarantined")
    return without(entries, at)


def does_not_add_up(entries: Story) -> Story:
    standing = {"token_id": "token-05", "state": "granted", "epoch": 7, "charged_bytes": 10}
    token = {**standing, "users": [], "was_used": False}
    return changed(entries, len(entries) - 1, tokens=[token])


def tells_of_nobody(entries: Story) -> Story:
    return [*entries, Entry("probe", "user_gone", "", {"token_id": "token-77", "user": "b/1/1"})]


def says_too_little(entries: Story) -> Story:
    return [*entries, Entry("broker", "token_changed", "", {"token_id": "token-77"})]


PLANTED: list[tuple[Callable[[Story], Story], str]] = [
    (lends_too_much, "S1a"),
    (adds_more_than_there_is, "S1a"),
    (reuses_an_epoch, "S3"),
    (changes_an_epoch, "S3"),
    (revives_a_token, "S3"),
    (renews_what_is_over, "S7"),
    (skips_quarantine, "S2"),
    (frees_at_once_what_has_expired, "S2"),
    (frees_what_is_used, "S2"),
    (frees_as_never_used, "S2"),
    (frees_without_evidence, "S2"),
    (overrides_unrecorded, "S2"),
    (loads_two_at_once, "S4"),
    (loses_a_change, "S7"),
    (jumps, "S7"),
    (does_not_add_up, "S7"),
    (tells_of_nobody, "S7"),
    (says_too_little, "S7"),
]


def test_a_true_story_breaks_no_promise() -> None:
    assert breaches_of(story()) == []


@pytest.mark.parametrize(
    ("plant", "promise"), PLANTED, ids=lambda one: getattr(one, "__name__", one)
)
def test_each_planted_fault_is_found(plant: Callable[[Story], Story], promise: str) -> None:
    breaches = breaches_of(plant(story()))
    assert promise in {breach.promise for breach in breaches}


def test_a_breach_names_its_record() -> None:
    entries = story()
    at = index_of(entries, "user_gone", "token-01")
    (breach,) = breaches_of(frees_what_is_used(entries))
    assert (breach.promise, breach.sequence) == ("S2", at + 1)
    assert (
        breach.message == f"Record {at + 1} frees token token-01 before each of its users is gone."
    )


def test_after_missing_records_all_is_believed_until_it_is_said_how_things_stand() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    del told.entries[1:]
    told.entries.append(Entry("audit", "records_missing", "", {"count": 2}))
    told.tell(Renew("token-01", 1, (ENGINE,)))
    told.tell(Release("token-01", 1))
    told.entries.append(told.standing("ledger_stands"))
    told.tell(ConfirmGone(ENGINE))
    assert breaches_of(told.entries) == []
    assert breaches_of(without(told.entries, 1)) != []


def test_what_only_the_journal_knew_is_accepted_where_steps_lead_there() -> None:
    told = Told()
    told.tell(Acquire(REQUEST, 10_000))
    del told.entries[2:]  # a kill kept the grant off the log
    (grant,) = told.ledger.grants()
    found = {
        **told.transitions.standings()[0],
        **{"before": "queued", "after": standing_of(grant).state},
    }
    told.entries.append(Entry("broker", "token_found", "", found))
    told.restart(now_ms=10)
    assert breaches_of(told.entries) == []
    assert breaches_of(without(told.entries, 2)) != []
    assert breaches_of(changed(told.entries, 2, before="quarantined")) != []


TOKENS = st.sampled_from([f"token-{number:02}" for number in range(6)])
PROCESSES = st.builds(Process, st.just("boot-1"), st.integers(1, 5), st.just(7))
REQUESTS = st.builds(
    lambda token_id, process, least, more, work_class, loads, gives: replace(
        REQUEST,
        token_id=token_id,
        process=process,
        guaranteed_bytes=least,
        ceiling_bytes=least + more,
        work_class=work_class,
        loads=loads,
        shrinkable=gives,
        revocable=gives,
    ),
    TOKENS,
    PROCESSES,
    st.integers(1, 110),
    st.integers(0, 60),
    st.sampled_from(WorkClass),
    st.booleans(),
    st.booleans(),
)
EPOCHS = st.integers(0, 8)
COMMANDS: st.SearchStrategy[Command | None] = st.one_of(
    st.builds(Acquire, REQUESTS, st.integers(0, 20_000)),
    st.builds(
        Renew,
        TOKENS,
        EPOCHS,
        st.lists(PROCESSES, max_size=2).map(tuple),
        is_loading=st.booleans(),
        idle_ms=st.one_of(st.none(), st.integers(0, 20_000)),
        kept_bytes=st.integers(0, 120),
    ),
    st.builds(Release, TOKENS, EPOCHS),
    st.builds(Abandon, TOKENS),
    st.builds(ConfirmGone, PROCESSES),
    st.builds(Override, TOKENS, st.just(ANA)),
    st.builds(Reclassify, TOKENS, st.sampled_from(WorkClass), st.just(ANA)),
    st.builds(
        Observe,
        st.just(1_000_000),
        st.just(100),
        st.integers(0, 120),
        st.dictionaries(PROCESSES, st.integers(0, 100), max_size=5),
    ),
    st.just(Tick()),
    st.none(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(COMMANDS, st.integers(0, 12_000)), max_size=50))
def test_whatever_the_ledger_does_its_log_breaks_no_promise(
    commands: list[tuple[Command | None, int]],
) -> None:
    told, now_ms = Told(), 0
    for command, span_ms in commands:
        now_ms += span_ms
        if command is None:
            told.restart(now_ms)
        else:
            told.tell(command, now_ms)
        charged = [(one["token_id"], one["charged_bytes"], one["state"]) for one in granted(told)]
        assert charged == [
            (grant.request.token_id, grant.granted_bytes, grant.state)
            for grant in told.ledger.grants()
        ]
    told.entries.append(told.standing("ledger_stands"))
    assert breaches_of(told.entries) == []


def granted(told: Told) -> list[dict[str, object]]:
    """Return the tokens that are charged, in order of grant."""
    tokens = [one for one in told.transitions.standings() if one["epoch"]]
    return sorted(tokens, key=lambda one: one["epoch"])
