"""What the ledger believes: which looks count, and until when bytes are on their way back."""

from dataclasses import replace

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
    Evidence,
    Granted,
    Quarantined,
    Queued,
    Released,
    Shrunk,
    Suspicion,
    UserGone,
)
from brickwork_broker.core.habits import HABITS_MAX, Habits
from brickwork_broker.core.ledger import RECOVERY_MS, Ledger
from brickwork_broker.core.register import CLEARING_MS_MAX
from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from brickwork_broker.core.token import Grant
from services.broker.tests.unit.examples import (
    ENGINE,
    OTHER_REQUEST,
    REQUEST,
    acquire,
    ledger_of,
)

TOKEN, OTHER = REQUEST.token_id, OTHER_REQUEST.token_id
OPERATOR = Authority("olga", "it is gone, I have looked")
SMALL = replace(OTHER_REQUEST, guaranteed_bytes=30, ceiling_bytes=30)
DEVICE_BYTES = 120


def used(ledger: Ledger, request: TokenRequest = REQUEST, user: Process = ENGINE) -> int:
    """Grant a token, name who uses it, and return its epoch."""
    acquire(ledger, request)
    grant = ledger.find(request.token_id)
    assert isinstance(grant, Grant)
    ledger.apply(Renew(request.token_id, grant.epoch, (user,)), 0)
    return grant.epoch


def look(ledger: Ledger, looked_at_ms: int, used_bytes: int | None, **readings: int) -> None:
    """Tell of a look, of which `engine` is a reading."""
    seen = dict.fromkeys([ENGINE] if readings else [], sum(readings.values()))
    told_at_ms = max(looked_at_ms, ledger._register.now_ms)
    ledger.apply(Observe(looked_at_ms, DEVICE_BYTES, used_bytes, seen), told_at_ms)


def granted(events: tuple[Event, ...]) -> list[str]:
    return [event.request.token_id for event in events if isinstance(event, Granted)]


def test_a_silent_probe_takes_back_nothing_of_what_it_said() -> None:
    ledger = ledger_of()
    look(ledger, 0, 100)
    assert ledger.free_bytes == 20
    look(ledger, 500, None)
    assert ledger.free_bytes == 20
    assert granted(acquire(ledger, SMALL, 600)) == []
    look(ledger, 1_000, 90)
    assert ledger.charged_bytes == 30


def test_what_a_dead_process_used_is_not_taken_for_somebody_elses() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    look(ledger, 0, 60, engine=60)
    ledger.apply(Release(TOKEN, epoch), 1)
    ledger.apply(ConfirmGone(ENGINE), 2)
    look(ledger, 3, None)
    assert (ledger.foreign_bytes, ledger.free_bytes) == (0, 100)


def test_bytes_that_an_operator_answers_for_are_not_lent_while_they_are_read() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    look(ledger, 0, 60, engine=60)
    ledger.apply(Release(TOKEN, epoch), 1)
    wanted = replace(OTHER_REQUEST, guaranteed_bytes=70, ceiling_bytes=70)
    acquire(ledger, wanted, 2)
    events = ledger.apply(Override(TOKEN, OPERATOR), 3)
    assert Released(TOKEN, Evidence.OVERRIDE) in events
    assert granted(events) == []
    assert ledger.free_bytes == DEVICE_BYTES - 60
    seen = Observe(4, DEVICE_BYTES, 0, {})
    assert granted(ledger.apply(seen, 5)) == [OTHER]


def test_a_look_from_before_the_release_covers_nothing() -> None:
    ledger = ledger_of()
    one, two = (
        replace(REQUEST, token_id=f"lease-{name}", guaranteed_bytes=40, ceiling_bytes=40)
        for name in ("one", "two")
    )
    epoch = used(ledger, one)
    used(ledger, two)
    ledger.apply(Release(one.token_id, epoch), 1_000)
    look(ledger, 999, 40, engine=40)
    assert isinstance(ledger.find(one.token_id), Grant)
    look(ledger, 1_000, 40, engine=40)
    assert ledger.charged_bytes == 40


def test_what_a_holder_keeps_to_counts_after_its_release_by_a_look_from_then_on() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    ledger.apply(Renew(TOKEN, epoch, (ENGINE,), kept_bytes=10), 1_000)
    ledger.apply(Release(TOKEN, epoch), 2_000)
    look(ledger, 1_500, 10, engine=10)
    assert ledger.charged_bytes == 60
    seen = Observe(2_000, DEVICE_BYTES, 10, {ENGINE: 10})
    assert Shrunk(TOKEN, 10) in ledger.apply(seen, 2_100)


def test_what_is_stuck_is_not_waited_for() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    idle = replace(OTHER_REQUEST, guaranteed_bytes=40, ceiling_bytes=40, revocable=True, loads=True)
    acquire(ledger, idle)
    for now_ms in range(0, 5_000, 1_000):
        ledger.apply(Renew(OTHER, 2, (), idle_ms=now_ms), now_ms)
    ledger.apply(Release(TOKEN, epoch), 5_000)
    wanted = replace(REQUEST, token_id="token-03", guaranteed_bytes=40, ceiling_bytes=40)
    asked = []
    for now_ms in range(5_000, 6_000 + CLEARING_MS_MAX, 500):
        events = ledger.apply(Renew(OTHER, 2, (), idle_ms=now_ms), now_ms)
        events += ledger.apply(Acquire(wanted, 20_000), now_ms)
        asked += [(event.token_id, now_ms) for event in events if isinstance(event, AskedBack)]
    assert asked == [(OTHER, 5_000 + CLEARING_MS_MAX)]
    assert ledger.leaving_bytes == 40


def test_a_release_that_a_killed_broker_could_not_write_is_made_good_at_its_next_start() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    ledger.apply(Release(TOKEN, epoch), 1)
    torn = [*ledger.history(), UserGone(TOKEN, ENGINE)]
    again = Ledger(ledger.limits, torn)
    assert again.apply(Tick(), 0) == (Released(TOKEN, Evidence.USERS_GONE),)


def test_a_period_of_renewal_that_begins_anew_after_a_restart_is_kept_to() -> None:
    ledger = ledger_of()
    epoch = used(ledger)
    again = Ledger(ledger.limits, ledger.history())
    again.apply(Renew(TOKEN, epoch, (ENGINE,)), 1_000)
    assert again.apply(Tick(), 5_999) == ()
    assert again.apply(Tick(), 6_000) == (Quarantined(TOKEN, Suspicion.EXPIRED),)
    assert RECOVERY_MS > 6_000


def test_models_that_were_used_longest_ago_are_forgotten_when_there_are_too_many() -> None:
    habits = Habits()
    for number in range(HABITS_MAX + 1):
        habits.used(replace(REQUEST, purpose=f"model-{number}"), 0)
    costs = [
        habits.cost(replace(REQUEST, purpose=purpose), 1, 0)
        for purpose in ("model-0", "unknown", f"model-{HABITS_MAX}")
    ]
    assert costs[0] == costs[1] < costs[2]


def test_the_class_that_an_operator_gave_a_request_is_that_of_its_grant() -> None:
    ledger = ledger_of()
    ledger.apply(SetDraining(True, OPERATOR), 0)
    assert Queued(TOKEN) in acquire(ledger, REQUEST)
    ledger.apply(Reclassify(TOKEN, WorkClass.INTERACTIVE, OPERATOR), 1)
    ledger.apply(SetDraining(False, OPERATOR), 2)
    grant = ledger.find(TOKEN)
    assert isinstance(grant, Grant)
    assert grant.work_class is WorkClass.INTERACTIVE
