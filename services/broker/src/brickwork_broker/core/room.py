"""Who is granted what, when, and who makes room for it."""

from brickwork_broker.core.amount import in_words
from brickwork_broker.core.commands import Observe
from brickwork_broker.core.events import AskedBack, EpochsReserved, Granted, Overcommitted, Yield
from brickwork_broker.core.holding import LOAD_MS_MAX, release_if_covered, shrink_if_proven
from brickwork_broker.core.register import Register
from brickwork_broker.core.token import Demand, Grant, TokenState, Waiter
from brickwork_broker.core.yielding import GRACE_MS, Yielding, who_yields

EPOCH_BLOCK = 65_536
"""Epochs reserved at a time: each block costs the journal one fsync, for which every call waits."""

PLAN_EVERY_MS = 250
"""How often it is thought over whom to ask for room, while the first in the queue waits."""


class Room:
    """Give out what is free, and ask for more.

    Args:
        register: the state.
    """

    def __init__(self, register: Register) -> None:
        self._register = register
        self._epoch_next = register.rows.epoch_end
        self._planned_at_ms = register.now_ms - PLAN_EVERY_MS

    def observe(self, observed: Observe) -> None:
        """Take in what a probe has read: idle leases, proven shrinks, too much in use."""
        register = self._register
        grants = list(register.rows.grants.values())
        register.readings.take(observed, grants)
        for grant in grants:
            token_id = grant.request.token_id
            if not grant.request.loads and grant.users:
                idle_ms = [observed.idle_ms.get(user) for user in grant.users]
                known = [one for one in idle_ms if one is not None]
                is_known = len(known) == len(idle_ms)
                since_ms = register.now_ms - min(known) if is_known else None
                if since_ms != grant.idle_since_ms:
                    register.rows.change(token_id, idle_since_ms=since_ms)
            shrink_if_proven(register, token_id)
            release_if_covered(register, register.rows.grants[token_id])
        excess_bytes = max(0, -register.free_bytes)
        if excess_bytes != register.excess_bytes:
            register.excess_bytes = excess_bytes
            register.say(Overcommitted(excess_bytes))
        register.has_moved = True

    def grant_in_turn(self) -> None:
        """Grant to whoever is next, and to others what the next one could not use."""
        register = self._register
        if not register.has_moved:
            return
        register.has_moved = False
        while self.is_open and (head := self._head()) is not None:
            if not self._may_have(head, register.free_bytes):
                self._fill_behind(head)
                return
            self._grant(head)

    @property
    def is_open(self) -> bool:
        """Whether anything may be granted at all."""
        register = self._register
        return not (
            register.detached
            or register.closed_because
            or register.rows.draining.is_draining
            or register.excess_bytes
        )

    def make_room(self) -> None:
        """Ask others for room if the first in the queue, or the device itself, lacks it."""
        register = self._register
        if register.now_ms - self._planned_at_ms < PLAN_EVERY_MS or register.detached:
            return
        self._planned_at_ms = register.now_ms
        if register.excess_bytes:
            cause = f"The device has {in_words(register.excess_bytes)} less than is in use."
            self._ask(self._lacking(register.excess_bytes, None), cause, "")
        head = self._head()
        if self.is_open and head is not None:
            request = head.request
            cause = f"{request.holder} {request.purpose} waits for {head.work_class.value} work."
            self._ask(self.yielding_for(head), cause, request.token_id)

    def yielding_for(self, waiter: Waiter) -> list[Yielding]:
        """Return who would be asked to make room for a request, were it the next one."""
        needed_bytes = waiter.request.guaranteed_bytes - self._register.free_bytes
        return self._lacking(needed_bytes, waiter)

    def ask_back(
        self, grant: Grant, keep_bytes: int, how: Yield, cause: str, for_token: str
    ) -> None:
        """Ask a holder for memory; all of it, or what is beyond `keep_bytes`."""
        register = self._register
        token_id, within_ms = grant.request.token_id, GRACE_MS[how]
        until_ms = register.now_ms + within_ms
        register.rows.change(
            token_id,
            state=TokenState.SHRINKING if keep_bytes else TokenState.REVOKING,
            since_ms=register.now_ms,
            demand=Demand(keep_bytes, until_ms, how, cause, for_token),
        )
        register.due_by(until_ms)
        register.say(AskedBack(token_id, keep_bytes, within_ms, how, cause, for_token))

    def _head(self) -> Waiter | None:
        register = self._register
        return register.queue.head(register.now_ms, register.most_bytes)

    def _lacking(self, needed_bytes: int, waiter: Waiter | None) -> list[Yielding]:
        register = self._register
        if needed_bytes <= 0:
            return []
        lacking_bytes = needed_bytes - register.rows.leaving_bytes
        if lacking_bytes <= 0:
            return []
        grants = list(register.rows.grants.values())
        work_class = None if waiter is None else waiter.work_class
        return who_yields(
            lacking_bytes, grants, work_class, register.habits, register.readings, register.now_ms
        )

    def _ask(self, yielding: list[Yielding], cause: str, for_token: str) -> None:
        for one in yielding:
            self.ask_back(one.grant, one.keep_bytes, one.how, cause, for_token)

    def _may_have(self, waiter: Waiter, free_bytes: int) -> bool:
        """Tell whether a request can be granted now, of so many bytes."""
        register, request = self._register, waiter.request
        return (
            waiter.listens_until_ms >= register.now_ms
            and request.guaranteed_bytes <= free_bytes
            and not (request.loads and register.loading)
        )

    def _grant(self, waiter: Waiter, spare_bytes: int | None = None) -> None:
        """Grant a request up to its ceiling, but leave others their guaranteed bytes.

        Args:
            waiter: who is granted.
            spare_bytes: the most that may go; all that is free where nothing is said.
        """
        register, request = self._register, waiter.request
        if spare_bytes is None:
            others_bytes = register.queue.guaranteed_bytes - request.guaranteed_bytes
            spare_bytes = register.free_bytes - others_bytes
        granted_bytes = max(request.guaranteed_bytes, min(request.ceiling_bytes, spare_bytes))
        if self._epoch_next == register.rows.epoch_end:
            register.record(EpochsReserved(self._epoch_next + EPOCH_BLOCK))
        register.record(Granted(request, granted_bytes, self._epoch_next))
        if waiter.work_class is not request.work_class:
            register.rows.change(request.token_id, work_class=waiter.work_class)
        self._epoch_next += 1
        if request.loads:
            due_ms = register.now_ms + LOAD_MS_MAX
            register.rows.change(request.token_id, load_due_ms=due_ms)
            register.due_by(due_ms)
        assert register.free_bytes >= 0, "more was lent than there is"

    def _fill_behind(self, head: Waiter) -> None:
        """Grant those behind the first what it could not use anyway.

        Once everything has come back that is on its way, the first one needs its guaranteed bytes;
        what is beyond them is nobody's. Without that there is nothing beyond, and nobody overtakes.
        """
        register = self._register
        coming_bytes = register.free_bytes + register.rows.leaving_bytes
        spare_bytes = min(register.free_bytes, coming_bytes - head.request.guaranteed_bytes)
        # Nearly always nobody may have that; it costs less to see this than to put all in order.
        if spare_bytes <= 0 or not any(self._may_have(one, spare_bytes) for one in register.queue):
            return
        for waiter in register.queue.in_turn(register.now_ms, register.most_bytes):
            if waiter is not head and self._may_have(waiter, spare_bytes):
                before_bytes = register.rows.charged_bytes
                self._grant(waiter, spare_bytes)
                spare_bytes -= register.rows.charged_bytes - before_bytes
                if spare_bytes <= 0:
                    return
