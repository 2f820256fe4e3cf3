from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from brickwork_broker.ledger import Ledger, Limits
from brickwork_broker.messages import (
    Abandon,
    Acquire,
    Command,
    ConfirmGone,
    DurableEvent,
    EpochsReserved,
    Granted,
    Process,
    Release,
    Released,
    Renew,
    Renewed,
    Tick,
    TokenState,
    WorkClass,
)
from brickwork_broker.rows import Rows
from services.broker.tests.unit.examples import REQUEST

LIMITS = Limits(capacity_bytes=100, queue_max=5)
TOKENS = st.sampled_from([f"token-{number:02}" for number in range(8)])
EPOCHS = st.integers(0, 12)
PROCESSES = st.builds(Process, st.just("boot-1"), st.integers(1, 6), st.just(7))


class LedgerMachine(RuleBasedStateMachine):
    """Throw any commands at the ledger, restart it at any time, and add up from its events."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(LIMITS)
        self.now_ms = 0
        self.rows = Rows()
        self.epoch_max = 0

    def tell(self, command: Command) -> None:
        for event in self.ledger.apply(command, self.now_ms):
            if isinstance(event, Granted):
                assert event.epoch > self.epoch_max
                self.epoch_max = event.epoch
            if isinstance(event, Renewed):
                assert self.rows.grants[event.token_id].state is TokenState.GRANTED
            if isinstance(event, Released):
                assert not self.rows.grants[event.token_id].users
            if isinstance(event, DurableEvent):
                self.rows.fold(event, self.now_ms)

    @rule(
        token_id=TOKENS,
        guaranteed_bytes=st.integers(-5, 120),
        more_bytes=st.integers(-5, 120),
        work_class=st.sampled_from(WorkClass),
        process=PROCESSES,
        wait_ms=st.integers(0, 20_000),
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

    @rule(token_id=TOKENS, epoch=EPOCHS, users=st.lists(PROCESSES, max_size=2).map(tuple))
    def renew(self, token_id: str, epoch: int, users: tuple[Process, ...]) -> None:
        self.tell(Renew(token_id, epoch, users))

    @rule(token_id=TOKENS, epoch=EPOCHS)
    def release(self, token_id: str, epoch: int) -> None:
        self.tell(Release(token_id, epoch))

    @rule(token_id=TOKENS)
    def abandon(self, token_id: str) -> None:
        self.tell(Abandon(token_id))

    @rule(process=PROCESSES)
    def die(self, process: Process) -> None:
        self.tell(ConfirmGone(process))

    @rule(span_ms=st.integers(0, 40_000))
    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms
        self.tell(Tick())

    @rule()
    def restart(self) -> None:
        self.ledger = Ledger(LIMITS, list(self.ledger.history()), self.now_ms)

    @invariant()
    def the_sum_of_the_rows_is_the_total_and_within_capacity(self) -> None:
        charged_bytes = sum(grant.granted_bytes for grant in self.ledger.grants())
        assert self.ledger.charged_bytes == charged_bytes == self.rows.charged_bytes
        assert 0 <= charged_bytes <= LIMITS.capacity_bytes

    @invariant()
    def the_events_tell_the_whole_story(self) -> None:
        def told(grants: list[Any]) -> list[Any]:
            return [(g.request.token_id, g.state, g.users, g.epoch, g.suspicion) for g in grants]

        assert told(self.ledger.grants()) == told(list(self.rows.grants.values()))

    @invariant()
    def nobody_waits_while_the_head_fits_and_listens(self) -> None:
        waiters = self.ledger.waiters()
        if waiters and not self.ledger.is_recovering:
            head = waiters[0]
            fits = head.request.guaranteed_bytes <= self.ledger.free_bytes
            assert not fits or head.listens_until_ms < self.now_ms

    @invariant()
    def no_reserved_epoch_lies_behind(self) -> None:
        first = next(iter(self.ledger.history()))
        assert isinstance(first, EpochsReserved)
        assert first.epoch_end > self.epoch_max


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
