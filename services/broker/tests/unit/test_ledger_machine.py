from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from brickwork_broker.core.commands import (
    Abandon,
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
    Cancelled,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Overridden,
    Quarantined,
    Released,
    Renewed,
)
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.request import Process, WorkClass
from brickwork_broker.core.rows import Rows
from brickwork_broker.core.token import TokenState
from services.broker.tests.unit.examples import REQUEST
from services.broker.tests.unit.told import Told, breaches_of

CAPACITY_BYTES, TOTAL_BYTES = 100, 120
TOKENS = st.sampled_from([f"token-{number:02}" for number in range(8)])
EPOCHS = st.integers(-1, 12)
PROCESSES = st.builds(Process, st.just("boot-1"), st.integers(1, 6), st.just(7))
BYTES = st.integers(-5, 120)
OPERATOR = Authority("olga", "to see what happens")


class LedgerMachine(RuleBasedStateMachine):
    """Throw any commands at the ledger, restart it at any time, and add up from its events."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Told(CAPACITY_BYTES)
        self.now_ms = 0
        self.rows = Rows()
        self.over = set[str]()
        self.answered_for = set[str]()
        self.epoch_max = 0

    @property
    def ledger(self) -> Ledger:
        return self.told.ledger

    def tell(self, command: Command) -> None:
        for event in self.told.tell(command, self.now_ms):
            if isinstance(event, Granted):
                assert event.epoch > self.epoch_max
                assert event.request.token_id not in self.over
                assert not self.ledger.excess_bytes
                self.epoch_max = event.epoch
            if isinstance(event, Renewed):
                assert isinstance(command, Renew)
                grant = self.rows.grants[event.token_id]
                assert grant.is_alive
                assert grant.epoch == command.epoch
            if isinstance(event, Overridden):
                self.answered_for.add(event.token_id)
            if isinstance(event, Released):
                self.released(event)
            if isinstance(event, Quarantined | Cancelled | Released):
                self.over.add(event.token_id)
            if isinstance(event, DurableEvent):
                self.rows.fold(event, self.now_ms)

    def released(self, event: Released) -> None:
        grant = self.rows.grants[event.token_id]
        assert not grant.is_alive
        match event.evidence:
            case Evidence.OVERRIDE:
                assert event.token_id in self.answered_for
            case Evidence.COVERED:
                others = self.rows.held_or_used_by(grant.users[0])
                assert any(other.epoch != grant.epoch for other in others)
            case _:
                assert not grant.users

    @rule(
        token_id=TOKENS,
        guaranteed_bytes=BYTES,
        more_bytes=BYTES,
        work_class=st.sampled_from(WorkClass),
        process=PROCESSES,
        tenant=st.sampled_from(["", "anna", "boris"]),
        wait_ms=st.integers(0, 20_000),
        hold_ms=st.one_of(st.none(), st.integers(0, 20_000)),
        shrinkable=st.booleans(),
        revocable=st.booleans(),
        loads=st.booleans(),
    )
    def ask(
        self, token_id: str, guaranteed_bytes: int, more_bytes: int, wait_ms: int, **others: Any
    ) -> None:
        request = replace(
            REQUEST,
            token_id=token_id,
            guaranteed_bytes=guaranteed_bytes,
            ceiling_bytes=guaranteed_bytes + more_bytes,
            **others,
        )
        self.tell(Acquire(request, wait_ms))

    @rule(
        token_id=TOKENS,
        epoch=EPOCHS,
        users=st.lists(PROCESSES, max_size=2).map(tuple),
        is_loading=st.booleans(),
        load_progress=st.integers(-1, 5),
        idle_ms=st.one_of(st.none(), st.integers(-1, 30_000)),
        kept_bytes=st.one_of(st.just(0), BYTES),
        work_class=st.one_of(st.none(), st.sampled_from(WorkClass)),
    )
    def renew(self, **fields: Any) -> None:
        self.tell(Renew(**fields))

    @rule(token_id=TOKENS, kept_bytes=st.integers(0, 120), more_ms=st.integers(0, 2_000))
    def live_on(self, token_id: str, kept_bytes: int, more_ms: int) -> None:
        """Renew as a holder does that knows its epoch, so that tokens grow old."""
        grant = self.rows.grants.get(token_id)
        if grant is not None:
            self.now_ms += more_ms
            users, idle_ms = (grant.request.process,), 5_000
            self.tell(Renew(token_id, grant.epoch, users, idle_ms=idle_ms, kept_bytes=kept_bytes))

    @rule(token_id=TOKENS, epoch=EPOCHS)
    def release(self, token_id: str, epoch: int) -> None:
        self.tell(Release(token_id, epoch))

    @rule(token_id=TOKENS)
    def give_back(self, token_id: str) -> None:
        grant = self.rows.grants.get(token_id)
        if grant is not None:
            self.tell(Release(token_id, grant.epoch))

    @rule(token_id=TOKENS)
    def abandon(self, token_id: str) -> None:
        self.tell(Abandon(token_id))

    @rule(process=PROCESSES)
    def die(self, process: Process) -> None:
        self.tell(ConfirmGone(process))

    @rule(
        ago_ms=st.integers(0, 5_000),
        used_bytes=st.one_of(st.none(), st.integers(0, 150)),
        readings=st.dictionaries(PROCESSES, st.integers(0, 60), max_size=4),
        idle_ms=st.dictionaries(PROCESSES, st.integers(0, 700_000), max_size=3),
    )
    def look(self, ago_ms: int, used_bytes: int | None, **seen: Any) -> None:
        looked_at_ms = max(0, self.now_ms - ago_ms)
        self.tell(Observe(looked_at_ms, TOTAL_BYTES, used_bytes, **seen))

    @rule(cause=st.sampled_from(["", "", "The disk is full."]))
    def close(self, cause: str) -> None:
        self.tell(Close(cause))

    @rule(is_draining=st.sampled_from([False, False, True]))
    def drain(self, is_draining: bool) -> None:
        self.tell(SetDraining(is_draining, OPERATOR))

    @rule(token_id=TOKENS)
    def override(self, token_id: str) -> None:
        self.tell(Override(token_id, OPERATOR))

    @rule(token_id=TOKENS, work_class=st.sampled_from(WorkClass))
    def reclassify(self, token_id: str, work_class: WorkClass) -> None:
        self.tell(Reclassify(token_id, work_class, OPERATOR))

    @rule(span_ms=st.integers(0, 40_000))
    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms
        self.tell(Tick())

    @rule()
    def restart(self) -> None:
        self.told.restart(self.now_ms)

    @invariant()
    def the_sum_of_the_rows_is_the_total_and_within_capacity(self) -> None:
        charged_bytes = sum(grant.granted_bytes for grant in self.ledger.grants())
        assert self.ledger.charged_bytes == charged_bytes == self.rows.charged_bytes
        assert 0 <= charged_bytes <= CAPACITY_BYTES

    @invariant()
    def what_is_on_its_way_back_is_the_sum_of_what_is_asked_and_what_is_over(self) -> None:
        leaving_bytes = 0
        for grant in self.ledger.grants():
            if grant.is_alive and grant.demand is not None:
                leaving_bytes += grant.granted_bytes - grant.demand.keep_bytes
            elif not grant.is_alive and not grant.is_stuck:
                leaving_bytes += grant.granted_bytes
        assert self.ledger.leaving_bytes == leaving_bytes

    @invariant()
    def the_queue_adds_up(self) -> None:
        waiters = self.ledger.waiters()
        needed_bytes = sum(waiter.request.guaranteed_bytes for waiter in waiters)
        assert self.ledger._register.queue.guaranteed_bytes == needed_bytes
        assert len({waiter.request.token_id for waiter in waiters}) == len(waiters)

    @invariant()
    def one_model_loads_at_a_time(self) -> None:
        loading = [grant for grant in self.ledger.grants() if grant.is_loading]
        assert all(grant.is_alive and grant.request.loads for grant in loading)
        if not self.ledger.is_recovering:
            assert len(loading) <= 1
            assert self.ledger.loading == (loading[0] if loading else None)

    @invariant()
    def only_a_demand_makes_a_token_shrink_or_go(self) -> None:
        for grant in self.ledger.grants():
            keep_bytes = None if grant.demand is None else grant.demand.keep_bytes
            assert (grant.state is TokenState.SHRINKING) == bool(keep_bytes)
            assert (grant.state is TokenState.REVOKING) == (keep_bytes == 0)

    @invariant()
    def the_events_tell_the_whole_story(self) -> None:
        def told(grants: list[Any]) -> list[Any]:
            return [
                (g.request.token_id, g.is_alive, g.granted_bytes, g.users, g.epoch, g.suspicion)
                for g in grants
            ]

        assert told(self.ledger.grants()) == told(list(self.rows.grants.values()))

    @invariant()
    def nobody_waits_while_the_head_fits_and_listens(self) -> None:
        waiters = self.ledger.waiters()
        is_closed = self.ledger.closed_because or self.ledger.draining.is_draining
        is_open = not (is_closed or self.ledger.is_recovering or self.ledger.excess_bytes)
        if waiters and is_open:
            head = waiters[0]
            fits = head.request.guaranteed_bytes <= self.ledger.free_bytes
            may_load = not (head.request.loads and self.ledger.loading)
            assert not (fits and may_load) or head.listens_until_ms < self.now_ms

    @invariant()
    def no_reserved_epoch_lies_behind(self) -> None:
        first = next(iter(self.ledger.history()))
        assert isinstance(first, EpochsReserved)
        assert first.epoch_end > self.epoch_max

    def teardown(self) -> None:
        assert breaches_of(self.told.entries) == []


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
