from dataclasses import replace

import pytest

from brickwork_broker.core import room
from brickwork_broker.core.commands import Abandon, Acquire, ConfirmGone, Release, Renew, Tick
from brickwork_broker.core.events import (
    Cancelled,
    EpochsReserved,
    Event,
    Evidence,
    Granted,
    Quarantined,
    Queued,
    Refusal,
    Refused,
    Released,
    Renewed,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.core.ledger import RECOVERY_MS, SILENCE_MS, Ledger, Limits
from brickwork_broker.core.request import Process
from brickwork_broker.core.room import EPOCH_BLOCK
from brickwork_broker.core.token import Grant, TokenState, Waiter
from services.broker.tests.unit.examples import (
    BRICK,
    ENGINE,
    OTHER_BRICK,
    OTHER_ENGINE,
    OTHER_REQUEST,
    REQUEST,
    acquire,
    ledger_of,
)

TOKEN, OTHER = REQUEST.token_id, OTHER_REQUEST.token_id


def refusals(events: tuple[Event, ...]) -> list[Refusal]:
    return [event.refusal for event in events if isinstance(event, Refused)]


def grant_of(ledger: Ledger, token_id: str = TOKEN) -> Grant:
    row = ledger.find(token_id)
    assert isinstance(row, Grant)
    return row


def used(ledger: Ledger, now_ms: int = 0) -> Grant:
    """Grant the token and name its engine."""
    acquire(ledger, REQUEST, now_ms)
    ledger.apply(Renew(TOKEN, grant_of(ledger).epoch, (ENGINE,)), now_ms)
    return grant_of(ledger)


# --- Asking.


def test_what_fits_is_granted_at_once() -> None:
    ledger = ledger_of()
    assert acquire(ledger, REQUEST) == (
        Queued(TOKEN),
        EpochsReserved(1 + EPOCH_BLOCK),
        Granted(REQUEST, 60, 1),
    )
    assert (ledger.charged_bytes, ledger.free_bytes) == (60, 40)


def test_asking_again_changes_nothing() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert acquire(ledger, REQUEST, 1) == ()
    assert ledger.charged_bytes == 60


def test_what_does_not_fit_waits_until_it_does() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert acquire(ledger, OTHER_REQUEST) == (Queued(OTHER),)
    assert acquire(ledger, OTHER_REQUEST, 1) == ()
    assert ledger.apply(Release(TOKEN, 1), 2)[-1] == Granted(OTHER_REQUEST, 60, 2)


def test_nonsense_is_refused_and_leaves_no_trace() -> None:
    ledger = ledger_of()
    events = acquire(ledger, replace(REQUEST, guaranteed_bytes=-1))
    assert refusals(events) == [Refusal.REQUEST_INVALID]
    assert ledger.find(TOKEN) is None


def test_what_can_never_fit_is_refused_even_when_all_is_free() -> None:
    ledger = ledger_of(capacity_bytes=500_000_000)
    big = replace(REQUEST, guaranteed_bytes=3_100_000_000, ceiling_bytes=3_100_000_000)
    (refused,) = acquire(ledger, big)
    assert refused == Refused(
        TOKEN,
        Refusal.CAN_NEVER_FIT,
        "asr whisper-base needs 3.1 GB, and this machine lends 0.5 GB in all.",
    )


def test_the_queue_is_bounded() -> None:
    ledger = ledger_of(queue_max=1)
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    third = replace(REQUEST, token_id="token-03")
    assert refusals(acquire(ledger, third)) == [Refusal.QUEUE_FULL]


def test_the_token_id_of_another_process_is_refused() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    stolen = replace(OTHER_REQUEST, token_id=TOKEN)
    assert refusals(acquire(ledger, stolen)) == [Refusal.REQUEST_INVALID]
    assert grant_of(ledger).request == REQUEST


def test_the_head_is_not_overtaken_by_something_smaller() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    small = replace(REQUEST, token_id="token-03", guaranteed_bytes=1, ceiling_bytes=1)
    assert acquire(ledger, small) == (Queued("token-03"),)
    assert [waiter.request for waiter in ledger.waiters()] == [OTHER_REQUEST, small]


def test_nothing_is_granted_to_a_caller_that_does_not_listen() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Acquire(OTHER_REQUEST, 100), 0)
    assert ledger.apply(Release(TOKEN, 1), 101)[-1] == Released(TOKEN, Evidence.NEVER_USED)
    assert isinstance(ledger.find(OTHER), Waiter)
    assert ledger.apply(Acquire(OTHER_REQUEST, 100), 102) == (Granted(OTHER_REQUEST, 60, 2),)


def test_a_silent_caller_loses_its_place() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Acquire(OTHER_REQUEST, 100), 0)
    ledger.apply(Renew(TOKEN, 1, ()), 4_000)
    assert ledger.apply(Tick(), 100 + SILENCE_MS - 1) == ()
    assert ledger.apply(Tick(), 100 + SILENCE_MS) == (Cancelled(OTHER),)


def test_a_caller_that_hangs_up_loses_its_place_sooner() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    assert ledger.apply(Abandon(OTHER), 0) == ()
    assert Cancelled(OTHER) in ledger.apply(Tick(), SILENCE_MS)


def test_hanging_up_on_a_grant_changes_nothing() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert ledger.apply(Abandon(TOKEN), 0) == ()
    assert grant_of(ledger).state is TokenState.GRANTED


# --- Keeping.


def test_a_renewal_moves_the_expiry() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert ledger.apply(Renew(TOKEN, 1, ()), 4_000) == (Renewed(TOKEN),)
    assert grant_of(ledger).expires_at_ms == 9_000


def test_users_are_added_and_none_is_forgotten_while_it_lives() -> None:
    ledger = ledger_of()
    used(ledger)
    assert ledger.apply(Renew(TOKEN, 1, (ENGINE,)), 1) == (Renewed(TOKEN),)
    events = ledger.apply(Renew(TOKEN, 1, (OTHER_ENGINE,)), 2)
    assert events == (Renewed(TOKEN), UsersBound(TOKEN, (ENGINE, OTHER_ENGINE)))
    assert ledger.apply(ConfirmGone(ENGINE), 3) == (UserGone(TOKEN, ENGINE),)
    assert grant_of(ledger).users == (OTHER_ENGINE,)


def test_a_renewal_with_nonsense_is_refused() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    events = ledger.apply(Renew(TOKEN, 1, (Process("", 0, 0),)), 1)
    assert refusals(events) == [Refusal.REQUEST_INVALID]


@pytest.mark.parametrize("epoch", [-1, 0, 2])
def test_a_forged_epoch_neither_renews_nor_releases(epoch: int) -> None:
    ledger = ledger_of()
    used(ledger)
    assert refusals(ledger.apply(Renew(TOKEN, epoch, ()), 1)) == [Refusal.STALE]
    assert refusals(ledger.apply(Release(TOKEN, epoch), 1)) == [Refusal.STALE]
    assert grant_of(ledger).state is TokenState.GRANTED


def test_an_unknown_token_is_named_so() -> None:
    ledger = ledger_of()
    assert refusals(ledger.apply(Renew(TOKEN, 1, ()), 0)) == [Refusal.UNKNOWN]
    assert refusals(ledger.apply(Release(TOKEN, 1), 0)) == [Refusal.UNKNOWN]


def test_a_waiter_cannot_renew() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    assert refusals(ledger.apply(Renew(OTHER, 1, ()), 0)) == [Refusal.STALE]
    assert refusals(ledger.apply(Release(OTHER, 1), 0)) == [Refusal.STALE]


# --- Ending.


def test_a_released_token_keeps_its_bytes_until_its_engine_is_gone() -> None:
    ledger = ledger_of()
    used(ledger)
    events = ledger.apply(Release(TOKEN, 1), 1)
    assert events == (Quarantined(TOKEN, Suspicion.RELEASED_BY_HOLDER),)
    assert ledger.charged_bytes == 60
    events = ledger.apply(ConfirmGone(ENGINE), 2)
    assert events == (UserGone(TOKEN, ENGINE), Released(TOKEN, Evidence.USERS_GONE))
    assert ledger.charged_bytes == 0


def test_a_release_is_complete_at_once_when_the_engine_is_gone_already() -> None:
    ledger = ledger_of()
    used(ledger)
    ledger.apply(ConfirmGone(ENGINE), 1)
    events = ledger.apply(Release(TOKEN, 1), 2)
    assert events[-1] == Released(TOKEN, Evidence.USERS_GONE)


def test_a_second_release_changes_nothing() -> None:
    ledger = ledger_of()
    used(ledger)
    ledger.apply(Release(TOKEN, 1), 1)
    assert ledger.apply(Release(TOKEN, 1), 2) == ()
    ledger.apply(ConfirmGone(ENGINE), 3)
    assert ledger.apply(Release(TOKEN, 1), 4) == ()
    assert ledger.charged_bytes == 0


def test_an_expired_token_keeps_its_bytes_and_is_never_revived() -> None:
    ledger = ledger_of()
    used(ledger)
    assert ledger.apply(Tick(), 4_999) == ()
    assert ledger.apply(Tick(), 5_000) == (Quarantined(TOKEN, Suspicion.EXPIRED),)
    assert ledger.charged_bytes == 60
    assert refusals(ledger.apply(Renew(TOKEN, 1, (ENGINE,)), 5_001)) == [Refusal.STALE]
    assert refusals(acquire(ledger, REQUEST, 5_002)) == [Refusal.STALE]
    assert grant_of(ledger).state is TokenState.QUARANTINED


def test_a_renewal_at_the_moment_of_expiry_comes_too_late() -> None:
    ledger = ledger_of()
    used(ledger)
    events = ledger.apply(Renew(TOKEN, 1, (ENGINE,)), 5_000)
    assert events[0] == Quarantined(TOKEN, Suspicion.EXPIRED)
    assert refusals(events) == [Refusal.STALE]


def test_an_expired_token_is_released_when_its_engine_is_gone() -> None:
    ledger = ledger_of()
    used(ledger)
    ledger.apply(Tick(), 5_000)
    assert ledger.apply(ConfirmGone(ENGINE), 6_000)[-1] == Released(TOKEN, Evidence.USERS_GONE)


def test_a_token_that_expires_after_its_engine_is_released_at_once() -> None:
    ledger = ledger_of()
    used(ledger)
    ledger.apply(ConfirmGone(ENGINE), 1)
    assert ledger.apply(Tick(), 5_000)[-1] == Released(TOKEN, Evidence.USERS_GONE)


def test_an_expired_token_that_nobody_used_waits_for_the_word_of_its_holder() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert ledger.apply(Tick(), 5_000) == (Quarantined(TOKEN, Suspicion.EXPIRED),)
    assert ledger.apply(Release(TOKEN, 1), 6_000) == (
        Quarantined(TOKEN, Suspicion.RELEASED_BY_HOLDER),
        Released(TOKEN, Evidence.NEVER_USED),
    )


def test_an_expired_token_that_nobody_used_is_released_when_its_holder_is_gone() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Tick(), 5_000)
    assert ledger.apply(ConfirmGone(BRICK), 6_000)[-1] == Released(TOKEN, Evidence.NEVER_USED)


def test_a_dead_holder_frees_nothing_while_its_engine_lives() -> None:
    ledger = ledger_of()
    used(ledger)
    assert ledger.apply(ConfirmGone(BRICK), 1) == (Quarantined(TOKEN, Suspicion.HOLDER_GONE),)
    assert ledger.charged_bytes == 60
    assert ledger.apply(ConfirmGone(ENGINE), 2)[-1] == Released(TOKEN, Evidence.USERS_GONE)


def test_a_holder_that_is_its_own_user_frees_its_bytes_by_its_death() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Renew(TOKEN, 1, (BRICK,)), 1)
    ledger.apply(Release(TOKEN, 1), 2)
    assert ledger.charged_bytes == 60
    assert ledger.apply(ConfirmGone(BRICK), 3)[-1] == Released(TOKEN, Evidence.USERS_GONE)


def test_the_death_of_a_stranger_changes_nothing() -> None:
    ledger = ledger_of()
    used(ledger)
    acquire(ledger, OTHER_REQUEST)
    assert ledger.apply(ConfirmGone(Process("boot-1", 99, 9)), 1) == ()


def test_a_reused_pid_is_not_the_process_that_held_the_token() -> None:
    ledger = ledger_of()
    used(ledger)
    assert ledger.apply(ConfirmGone(replace(ENGINE, start_ticks=9_999)), 1) == ()


# --- Leaving the queue, and ids that are over.


def test_a_waiter_may_leave() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    assert ledger.apply(Release(OTHER, 0), 1) == (Cancelled(OTHER),)
    assert ledger.waiters() == []


def test_a_waiter_whose_holder_is_gone_leaves() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    acquire(ledger, OTHER_REQUEST)
    assert ledger.apply(ConfirmGone(OTHER_BRICK), 1) == (Cancelled(OTHER),)


def test_a_holder_that_never_heard_of_its_grant_can_give_it_back() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    assert ledger.apply(Release(TOKEN, 0), 1)[-1] == Released(TOKEN, Evidence.NEVER_USED)


def test_a_release_that_overtakes_its_acquire_wins() -> None:
    ledger = ledger_of()
    assert ledger.apply(Release(TOKEN, 0), 0) == (Cancelled(TOKEN),)
    assert refusals(acquire(ledger, REQUEST, 1)) == [Refusal.STALE]
    assert ledger.charged_bytes == 0


def test_giving_up_what_cannot_be_an_id_leaves_no_trace() -> None:
    ledger = ledger_of()
    assert refusals(ledger.apply(Release("x" * 10_000, 0), 0)) == [Refusal.UNKNOWN]
    assert ledger.find("x" * 10_000) is None


def test_a_late_acquire_brings_no_released_token_back() -> None:
    ledger = ledger_of()
    used(ledger)
    ledger.apply(Release(TOKEN, 1), 1)
    ledger.apply(ConfirmGone(ENGINE), 2)
    assert refusals(acquire(ledger, REQUEST, 3)) == [Refusal.STALE]
    assert refusals(ledger.apply(Renew(TOKEN, 1, (ENGINE,)), 4)) == [Refusal.STALE]


# --- Time, epochs, restarts.


def test_a_clock_that_goes_back_is_a_bug() -> None:
    ledger = ledger_of()
    ledger.apply(Tick(), 5)
    with pytest.raises(AssertionError, match="clock"):
        ledger.apply(Tick(), 4)


def test_time_looks_only_when_something_is_due() -> None:
    ledger = ledger_of()
    used(ledger)
    for now_ms in range(0, 20_000, 1_000):
        ledger.apply(Renew(TOKEN, 1, (ENGINE,)), now_ms)
    assert ledger.apply(Tick(), 23_999) == ()
    assert ledger.apply(Tick(), 24_000) == (Quarantined(TOKEN, Suspicion.EXPIRED),)


def test_epochs_are_reserved_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "EPOCH_BLOCK", 8)
    ledger = ledger_of()
    reserved = 0
    for number in range(8 + 1):
        token_id = f"token-{number:04}"
        events = acquire(ledger, replace(REQUEST, token_id=token_id))
        reserved += any(isinstance(event, EpochsReserved) for event in events)
        ledger.apply(Release(token_id, number + 1), 0)
    assert reserved == 2


def restarted(ledger: Ledger, now_ms: int = 0) -> Ledger:
    return Ledger(Limits(100, 8), ledger.history(), now_ms)


def test_a_restart_keeps_what_is_charged_and_how_it_stands() -> None:
    ledger = ledger_of(capacity_bytes=200)
    used(ledger)
    acquire(ledger, OTHER_REQUEST)
    ledger.apply(Renew(OTHER, 2, (OTHER_ENGINE,)), 0)
    ledger.apply(Release(OTHER, 2), 0)
    again = restarted(ledger)
    assert again.charged_bytes == 120
    assert (grant_of(again).state, grant_of(again).users) == (TokenState.GRANTED, (ENGINE,))
    assert grant_of(again, OTHER).state is TokenState.QUARANTINED
    assert again.apply(ConfirmGone(OTHER_ENGINE), 1)[-1] == Released(OTHER, Evidence.USERS_GONE)


def test_a_restart_never_grants_an_epoch_twice() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Release(TOKEN, 1), 1)
    assert Granted(OTHER_REQUEST, 60, 1 + EPOCH_BLOCK) in acquire(restarted(ledger), OTHER_REQUEST)


def test_a_restart_remembers_what_is_over() -> None:
    ledger = ledger_of()
    acquire(ledger, REQUEST)
    ledger.apply(Release(TOKEN, 1), 1)
    ledger.apply(Release(OTHER, 0), 1)
    again = restarted(ledger)
    assert refusals(acquire(again, REQUEST)) == [Refusal.STALE]
    assert refusals(acquire(again, OTHER_REQUEST)) == [Refusal.STALE]


def test_after_a_restart_nothing_is_granted_until_every_holder_is_back() -> None:
    ledger = ledger_of()
    used(ledger)
    again = restarted(ledger)
    small = replace(OTHER_REQUEST, guaranteed_bytes=1, ceiling_bytes=1)
    assert again.is_recovering
    assert acquire(again, small) == (Queued(OTHER),)
    events = again.apply(Renew(TOKEN, 1, (ENGINE,)), 1_000)
    assert events[0] == Renewed(TOKEN)
    assert isinstance(events[-1], Granted)
    assert not again.is_recovering


def test_after_a_restart_holders_that_stay_away_are_suspected_after_thirty_seconds() -> None:
    ledger = ledger_of()
    used(ledger)
    again = restarted(ledger, 1_000)
    assert again.apply(Tick(), 1_000 + RECOVERY_MS - 1) == ()
    assert again.apply(Tick(), 1_000 + RECOVERY_MS) == (Quarantined(TOKEN, Suspicion.EXPIRED),)
    assert not again.is_recovering


def test_replicas_share_a_name_and_are_told_apart_by_their_processes() -> None:
    ledger = ledger_of(capacity_bytes=200)
    used(ledger)
    acquire(ledger, replace(OTHER_REQUEST, holder=REQUEST.holder, purpose=REQUEST.purpose))
    ledger.apply(Renew(OTHER, 2, (OTHER_ENGINE,)), 0)
    again = Ledger(ledger.limits, ledger.history())
    again.apply(Renew(OTHER, 2, (OTHER_ENGINE,)), 1)
    for gone in (BRICK, ENGINE):
        again.apply(ConfirmGone(gone), 2)
    assert again.find(TOKEN) is TokenState.RELEASED
    assert grant_of(again, OTHER).state is TokenState.GRANTED
    successor = replace(REQUEST, token_id="token-03", process=Process("boot-1", 10, 9_000))
    assert isinstance(acquire(again, successor, 3)[-1], Granted)
    assert again.charged_bytes == 120


def test_a_restart_with_nothing_lent_grants_at_once() -> None:
    assert isinstance(acquire(restarted(ledger_of()), REQUEST)[-1], Granted)


def test_a_restart_with_less_to_lend_grants_nothing_until_it_fits() -> None:
    ledger = ledger_of(capacity_bytes=200)
    used(ledger)
    again = Ledger(Limits(50, 8), ledger.history())
    again.apply(Renew(TOKEN, 1, (ENGINE,)), 0)
    assert again.free_bytes == -10
    small = replace(OTHER_REQUEST, guaranteed_bytes=1, ceiling_bytes=1)
    assert acquire(again, small) == (Queued(OTHER),)


def test_every_process_whose_death_matters_is_watched() -> None:
    ledger = ledger_of()
    used(ledger)
    acquire(ledger, OTHER_REQUEST)
    assert ledger.processes() == {BRICK, ENGINE, OTHER_BRICK}
