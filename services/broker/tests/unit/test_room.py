from dataclasses import replace

from brickwork_broker.core.commands import (
    Acquire,
    Authority,
    Close,
    Command,
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
    Loaded,
    Overcommitted,
    Overridden,
    Quarantined,
    Reclassified,
    Refusal,
    Refused,
    Released,
    Shrunk,
    Suspicion,
    Yield,
)
from brickwork_broker.core.holding import LOAD_MS_MAX
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.core.readings import LASTING_MS
from brickwork_broker.core.register import CLEARING_MS_MAX
from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from brickwork_broker.core.token import Grant, TokenState
from services.broker.tests.unit.examples import REQUEST, ledger_of

ME = Authority("ada", "the driver was restarted")


class Told:
    """A ledger, and its clock; every holder renews as long as it lives."""

    def __init__(self, capacity_bytes: int = 100) -> None:
        self.ledger = ledger_of(capacity_bytes)
        self.now_ms = 0

    def tell(self, command: Command, after_ms: int = 0) -> tuple[Event, ...]:
        self.now_ms += after_ms
        return self.ledger.apply(command, self.now_ms)

    def ask(self, request: TokenRequest) -> tuple[Event, ...]:
        return self.tell(Acquire(request, 30_000))

    def hold(self, request: TokenRequest) -> Grant:
        """Be granted a request, with an engine at work whose model is loaded."""
        self.ask(request)
        return self.renew(request.token_id)

    def renew(self, token_id: str, after_ms: int = 0, **said: object) -> Grant:
        grant = self.grant(token_id)
        self.tell(Renew(token_id, grant.epoch, (engine_of(grant.request),), **said), after_ms)  # type: ignore[arg-type]
        return self.grant(token_id)

    def read(self, used_bytes: int | None = None, **readings: int) -> tuple[Event, ...]:
        """Let the probe read what the engines of tokens use."""
        grants = [self.grant(f"token-{name}") for name in readings]
        read = {
            user: reading
            for grant, reading in zip(grants, readings.values(), strict=True)
            for user in grant.users
        }
        return self.tell(Observe(self.now_ms, 1_000, used_bytes, read))

    def grant(self, token_id: str) -> Grant:
        row = self.ledger.find(token_id)
        assert isinstance(row, Grant)
        return row


def engine_of(request: TokenRequest) -> Process:
    return Process("boot-1", request.process.pid + 1, 1_000)


def request(
    name: str,
    guaranteed_bytes: int,
    ceiling_bytes: int = 0,
    work_class: WorkClass = WorkClass.BATCH,
    *,
    pid: int = 100,
    loads: bool = True,
    hold_ms: int | None = None,
) -> TokenRequest:
    return replace(
        REQUEST,
        token_id=f"token-{name}",
        purpose=name,
        guaranteed_bytes=guaranteed_bytes,
        ceiling_bytes=ceiling_bytes or guaranteed_bytes,
        work_class=work_class,
        renew_within_ms=30_000,
        process=Process("boot-1", pid, 1_000),
        shrinkable=ceiling_bytes > 0,
        revocable=True,
        loads=loads,
        hold_ms=hold_ms,
    )


BATCH = request("batch", 40, 90)
CALL = request("call", 50, work_class=WorkClass.INTERACTIVE, pid=200)


def asked_of(events: tuple[Event, ...]) -> list[tuple[str, int, Yield]]:
    return [(one.token_id, one.keep_bytes, one.how) for one in events if isinstance(one, AskedBack)]


def granted_of(events: tuple[Event, ...]) -> list[str]:
    return [one.request.token_id for one in events if isinstance(one, Granted)]


def test_a_batch_job_shrinks_for_a_call_and_both_run() -> None:
    told = Told()
    told.hold(BATCH)
    events = told.tell(Acquire(CALL, 30_000), 3_000)
    assert asked_of(events) == [("token-batch", 40, Yield.SHRINK)]
    assert told.grant("token-batch").state is TokenState.SHRINKING
    told.renew("token-batch", 1_000, kept_bytes=40)
    assert told.read(batch=41) == ()
    events = told.read(batch=40)
    assert events[0] == Shrunk("token-batch", 40)
    assert granted_of(events) == ["token-call"]
    assert told.grant("token-batch").state is TokenState.GRANTED
    assert told.grant("token-batch").demand is None


def test_a_reading_from_before_the_holders_word_proves_nothing() -> None:
    told = Told()
    told.hold(BATCH)
    told.tell(Acquire(CALL, 30_000), 3_000)
    users = told.grant("token-batch").users
    told.renew("token-batch", 1_000, kept_bytes=40)
    stale = Observe(told.now_ms - 1, 1_000, None, {users[0]: 10})
    assert told.tell(stale) == ()
    assert told.grant("token-batch").granted_bytes == 90


def test_who_does_not_shrink_in_time_has_to_give_all_back() -> None:
    told = Told()
    told.hold(BATCH)
    told.tell(Acquire(CALL, 30_000), 3_000)
    told.renew("token-batch", 20_000)
    told.tell(Acquire(CALL, 30_000))
    events = told.tell(Tick(), 10_000)
    assert asked_of(events) == [("token-batch", 0, Yield.REVOKE)]
    assert told.grant("token-batch").state is TokenState.REVOKING


def test_work_that_gives_way_ends_within_its_grace_or_is_taken_for_over() -> None:
    told = Told()
    told.hold(request("batch", 90))
    events = told.tell(Acquire(CALL, 30_000), 3_000)
    assert asked_of(events) == [("token-batch", 0, Yield.REVOKE)]
    told.renew("token-batch", 20_000)
    told.renew("token-batch", 9_999)
    told.tell(Acquire(CALL, 30_000))
    events = told.tell(Tick(), 1)
    assert events == (Quarantined("token-batch", Suspicion.REVOKED),)
    engine = told.grant("token-batch").users[0]
    events = told.tell(ConfirmGone(engine))
    assert Released("token-batch", Evidence.USERS_GONE) in events
    assert granted_of(events) == ["token-call"]


def test_the_class_of_the_work_at_hand_decides_and_not_that_of_the_first_call() -> None:
    told = Told()
    told.hold(request("model", 90, work_class=WorkClass.INTERACTIVE))
    told.renew("token-model", work_class=WorkClass.BATCH)
    assert asked_of(told.tell(Acquire(CALL, 30_000), 3_000)) == [("token-model", 0, Yield.REVOKE)]


def test_one_model_is_loaded_at_a_time() -> None:
    told = Told()
    told.ask(request("first", 10))
    told.renew("token-first", is_loading=True)
    assert granted_of(told.ask(request("second", 10, pid=200))) == []
    assert granted_of(told.ask(request("lease", 10, pid=300, loads=False))) == ["token-lease"]
    grant = told.grant("token-first")
    events = told.tell(Renew("token-first", grant.epoch, ()), 4_000)
    assert Loaded("token-first", 4_000) in events
    assert granted_of(events) == ["token-second"]


def test_a_load_that_gets_on_may_take_its_time_and_one_that_hangs_is_given_up() -> None:
    told = Told()
    told.ask(request("slow", 10))
    for step in range(1, 5):
        told.renew("token-slow", 25_000, is_loading=True, load_progress=step)
    told.renew("token-slow", 25_000, is_loading=True, load_progress=4)
    told.renew("token-slow", 25_000, is_loading=True, load_progress=4)
    events = told.tell(Tick(), LOAD_MS_MAX - 50_000)
    assert asked_of(events) == [("token-slow", 0, Yield.REVOKE)]


def test_what_the_first_cannot_use_goes_to_others_and_it_waits_no_longer_for_that() -> None:
    told = Told()
    held = told.hold(request("held", 70))
    told.hold(request("other", 20, pid=150))
    told.tell(ConfirmGone(held.request.process))
    first = request("first", 60, pid=200)
    assert granted_of(told.ask(first)) == []
    assert granted_of(told.ask(request("large", 21, pid=300))) == []
    assert granted_of(told.ask(request("small", 10, pid=400))) == ["token-small"]
    events = told.tell(ConfirmGone(held.users[0]))
    assert granted_of(events) == []  # the small one is still being loaded
    assert granted_of(told.tell(Renew("token-small", told.grant("token-small").epoch, ()))) == [
        "token-first"
    ]


def test_nobody_overtakes_who_waits_for_memory_that_nobody_gives_back() -> None:
    told = Told()
    told.hold(request("held", 70, loads=False, hold_ms=3_600_000))
    assert granted_of(told.ask(request("first", 60, pid=200))) == []
    assert granted_of(told.ask(request("small", 10, pid=300))) == []


def test_others_go_before_who_needs_what_is_stuck_until_it_is_not() -> None:
    told = Told()
    stuck = told.hold(request("stuck", 50))
    told.tell(ConfirmGone(stuck.request.process))
    assert granted_of(told.ask(request("first", 60, pid=200))) == []
    assert granted_of(told.ask(request("second", 45, pid=300))) == []
    assert granted_of(told.tell(Tick(), CLEARING_MS_MAX)) == ["token-second"]
    told.renew("token-second")
    assert granted_of(told.tell(ConfirmGone(stuck.users[0]))) == []
    assert told.ledger.waiters()[0].request.token_id == "token-first"


def test_what_a_stuck_engine_takes_beyond_its_token_is_stuck_with_it() -> None:
    told = Told()
    stuck = told.hold(request("stuck", 40))
    told.tell(ConfirmGone(stuck.request.process))
    told.read(stuck=55)
    assert granted_of(told.ask(request("first", 50, pid=200))) == []
    assert granted_of(told.ask(request("second", 45, pid=300))) == []
    assert granted_of(told.tell(Tick(), CLEARING_MS_MAX)) == ["token-second"]


def test_others_go_before_who_needs_what_other_programs_keep_using() -> None:
    told = Told()
    told.read(used_bytes=950)
    assert granted_of(told.ask(request("first", 60, pid=200))) == []
    told.tell(Tick(), LASTING_MS - 1)
    told.read(used_bytes=960)
    assert granted_of(told.ask(request("second", 30, pid=300))) == []  # it may not last
    told.tell(Tick(), 1)
    assert granted_of(told.read(used_bytes=960)) == ["token-second"]
    told.renew("token-second")
    assert granted_of(told.read(used_bytes=900)) == ["token-first"]


def test_memory_in_use_beyond_tokens_is_not_lent_again() -> None:
    told = Told()
    told.hold(request("held", 40, loads=False))
    told.read(held=70)
    assert told.ledger.free_bytes == 30
    assert granted_of(told.ask(request("next", 40, pid=200))) == []
    told.read(held=30)
    assert granted_of(told.tell(Tick())) == []  # it was granted as soon as it was read
    assert told.grant("token-next").granted_bytes == 40


def test_what_others_use_of_the_device_is_theirs() -> None:
    told = Told()
    told.read(used_bytes=970)
    assert told.ledger.free_bytes == 30
    assert granted_of(told.ask(request("next", 31, pid=200))) == []


def test_too_much_in_use_stops_all_lending_and_borrowers_are_asked_back() -> None:
    told = Told()
    told.hold(replace(BATCH, loads=False))
    told.tell(Tick(), 3_000)
    events = told.read(batch=120)
    assert events[0] == Overcommitted(20)
    assert asked_of(told.tell(Tick(), 1_000)) == [("token-batch", 40, Yield.SHRINK)]
    assert granted_of(told.ask(request("next", 1, pid=200))) == []
    told.renew("token-batch", kept_bytes=40)
    events = told.read(batch=40)
    assert Overcommitted(0) in events
    assert granted_of(events) == ["token-next"]


def test_one_process_may_use_what_all_its_tokens_grant_together() -> None:
    told = Told()
    kernel = Process("boot-1", 101, 1_000)
    for name in ("one", "two"):
        told.hold(request(name, 30, loads=False))
    told.tell(Observe(told.now_ms, 1_000, None, {kernel: 60}))
    assert told.ledger.free_bytes == 40
    told.tell(Release("token-one", told.grant("token-one").epoch))
    told.tell(Observe(told.now_ms, 1_000, None, {kernel: 31}))
    assert told.grant("token-one").state is TokenState.QUARANTINED
    events = told.tell(Observe(told.now_ms, 1_000, None, {kernel: 30}))
    assert events == (Released("token-one", Evidence.COVERED),)


def test_a_process_that_reads_zero_is_not_gone() -> None:
    told = Told()
    held = told.hold(request("held", 30, loads=False))
    told.tell(Release("token-held", held.epoch))
    assert told.read(held=0) == ()
    assert told.ledger.charged_bytes == 30


def test_an_operator_stops_and_resumes_the_lending() -> None:
    told = Told()
    told.tell(SetDraining(True, ME))
    assert granted_of(told.ask(CALL)) == []
    again = Ledger(Limits(100), told.ledger.history(), told.now_ms)
    assert again.draining.is_draining
    assert granted_of(told.tell(SetDraining(False, ME))) == ["token-call"]


def test_a_closed_ledger_turns_new_requests_down_and_loses_none() -> None:
    told = Told(50)
    told.hold(request("batch", 50))
    told.ask(request("waits", 20, pid=200))
    told.tell(Close("The disk is full."))
    refused = told.ask(request("new", 1, pid=300))
    assert refused == (Refused("token-new", Refusal.CLOSED, "The disk is full."),)
    engine = told.grant("token-batch").users[0]
    told.tell(Release("token-batch", told.grant("token-batch").epoch))
    assert granted_of(told.tell(ConfirmGone(engine))) == []
    assert granted_of(told.tell(Close(""))) == ["token-waits"]


def test_an_operator_answers_for_bytes_without_evidence_and_it_is_on_record() -> None:
    told = Told()
    held = told.hold(request("held", 30, loads=False))
    alive = told.tell(Override("token-held", ME))
    assert alive == (Refused("token-held", Refusal.STALE, "The token is not quarantined."),)
    told.tell(Release("token-held", held.epoch))
    assert told.tell(Override("token-held", ME)) == (
        Overridden("token-held", ME.operator, ME.reason),
        Released("token-held", Evidence.OVERRIDE),
    )
    assert told.ledger.charged_bytes == 0
    unknown = told.tell(Override("token-nobody", ME))
    assert unknown == (Refused("token-nobody", Refusal.UNKNOWN, "No token has this id."),)


def test_an_operator_moves_a_request_to_another_class() -> None:
    told = Told()
    told.hold(request("held", 100, loads=False))
    told.ask(request("first", 10, pid=200))
    told.ask(request("second", 10, pid=300))
    events = told.tell(Reclassify("token-second", WorkClass.INTERACTIVE, ME))
    assert Reclassified("token-second", WorkClass.INTERACTIVE, ME.operator, ME.reason) in events
    assert [one.request.purpose for one in told.ledger.waiters()] == ["second", "first"]


def test_one_process_may_not_fill_the_queue() -> None:
    ledger = Ledger(Limits(100, queue_max=1_000))
    ledger.apply(Acquire(request("held", 100, loads=False), 0), 0)
    for number in range(33):
        events = ledger.apply(Acquire(request(f"{number:03}", 1, pid=200), 0), 0)
    assert isinstance(events[0], Refused)
    assert events[0].refusal is Refusal.QUEUE_FULL
    assert not isinstance(ledger.apply(Acquire(request("other", 1, pid=300), 0), 0)[0], Refused)
