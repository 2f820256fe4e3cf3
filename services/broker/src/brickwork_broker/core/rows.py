"""Fold durable events into rows: what is charged, what has ended, which epochs are promised.

Live decisions and a replay of the journal go through the same fold, so a restart knows what was
known before it. The running totals, `charged_bytes` and what of it is on its way back or stuck,
live here and nowhere else.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from brickwork_broker.core.events import (
    Cancelled,
    DrainSet,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Quarantined,
    Released,
    Shrunk,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.core.request import Process
from brickwork_broker.core.shares import Shares
from brickwork_broker.core.token import Grant, TokenState

ENDED_MAX = 4_096
"""Ids remembered after their end, so that a late message cannot bring one back."""


class Rows:
    """Hold what a restart must know."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.ended: dict[str, TokenState] = {}
        self.charged_bytes = 0
        self.leaving_bytes = 0
        self.stuck_bytes = 0
        self.epoch_end = 1
        self.draining = DrainSet(False, "", "")
        self.shares = Shares()
        self._tokens_of: dict[Process, set[str]] = {}

    def fold(self, event: DurableEvent, now_ms: int) -> None:
        """Change the rows as one event says."""
        match event:
            case EpochsReserved():
                self.epoch_end = event.epoch_end
            case DrainSet():
                self.draining = event
            case Granted():
                self._grant(event, now_ms)
            case Released():
                if event.token_id in self.grants:
                    self._forget(event.token_id, now_ms)
                self._remember(event.token_id, TokenState.RELEASED)
            case Cancelled():
                self._remember(event.token_id, TokenState.CANCELLED)
            case _:
                self._fold_held(event, now_ms)

    def _fold_held(self, event: UsersBound | UserGone | Shrunk | Quarantined, now_ms: int) -> None:
        """Change the row of a grant that goes on."""
        match event:
            case UsersBound():
                self.change(event.token_id, users=event.users, was_used=True)
                for user in event.users:
                    self._tokens_of.setdefault(user, set()).add(event.token_id)
            case UserGone():
                grant = self.grants[event.token_id]
                left = tuple(user for user in grant.users if user != event.process)
                self.change(event.token_id, users=left)
                if event.process != grant.request.process:
                    self._let_go(event.process, event.token_id)
            case Shrunk():
                self._charge(event.token_id, event.granted_bytes, now_ms)
            case Quarantined():
                self._quarantine(event, now_ms)

    def change(self, token_id: str, **fields: Any) -> Grant:
        """Replace fields of a grant; what is told to no journal begins anew at a restart."""
        before = self.grants[token_id]
        grant = self.grants[token_id] = replace(before, **fields)
        self.leaving_bytes += grant.leaving_bytes - before.leaving_bytes
        self.stuck_bytes += grant.stuck_bytes - before.stuck_bytes
        return grant

    def held_or_used_by(self, process: Process) -> list[Grant]:
        """Return the grants that a process holds or uses, in order of grant."""
        found = [self.grants[token_id] for token_id in self._tokens_of.get(process, ())]
        return sorted(found, key=lambda grant: grant.epoch)

    def history(self) -> Iterator[DurableEvent]:
        """Yield the fewest events that fold into these rows."""
        yield EpochsReserved(self.epoch_end)
        if self.draining.is_draining:
            yield self.draining
        for token_id, state in self.ended.items():
            if state is TokenState.CANCELLED:
                yield Cancelled(token_id)
            else:
                yield Released(token_id, Evidence.USERS_GONE)
        for token_id, grant in self.grants.items():
            yield Granted(grant.request, grant.granted_bytes, grant.epoch)
            if grant.was_used:
                yield UsersBound(token_id, grant.users)
            if grant.suspicion is not None:
                yield Quarantined(token_id, grant.suspicion)

    def _grant(self, event: Granted, now_ms: int) -> None:
        request = event.request
        self.grants[request.token_id] = Grant(
            request=request,
            state=TokenState.GRANTED,
            since_ms=now_ms,
            granted_at_ms=now_ms,
            granted_bytes=event.granted_bytes,
            epoch=event.epoch,
            expires_at_ms=now_ms + request.renew_within_ms,
            work_class=request.work_class,
            is_loading=request.loads,
        )
        self._tokens_of.setdefault(request.process, set()).add(request.token_id)
        self._add(request.tenant, event.granted_bytes, now_ms)

    def _charge(self, token_id: str, granted_bytes: int, now_ms: int) -> None:
        """Set what is charged for a grant."""
        grant = self.grants[token_id]
        self._add(grant.request.tenant, granted_bytes - grant.granted_bytes, now_ms)
        self.change(token_id, granted_bytes=granted_bytes)

    def _add(self, tenant: str, more_bytes: int, now_ms: int) -> None:
        """Count bytes that are charged from now on, or fewer."""
        self.charged_bytes += more_bytes
        self.shares.charge(tenant, more_bytes, now_ms)

    def _forget(self, token_id: str, now_ms: int) -> None:
        grant = self.grants.pop(token_id)
        self._add(grant.request.tenant, -grant.granted_bytes, now_ms)
        self.leaving_bytes -= grant.leaving_bytes
        self.stuck_bytes -= grant.stuck_bytes
        for process in (grant.request.process, *grant.users):
            self._let_go(process, token_id)

    def _let_go(self, process: Process, token_id: str) -> None:
        tokens = self._tokens_of.get(process)
        if tokens is not None:
            tokens.discard(token_id)
            if not tokens:
                del self._tokens_of[process]

    def _quarantine(self, event: Quarantined, now_ms: int) -> None:
        grant = self.grants[event.token_id]
        is_given_back = event.suspicion is Suspicion.RELEASED_BY_HOLDER
        self.change(
            event.token_id,
            state=TokenState.QUARANTINED,
            since_ms=now_ms if grant.is_alive else grant.since_ms,
            suspicion=event.suspicion,
            is_loading=False,
            kept_at_ms=now_ms if is_given_back else grant.kept_at_ms,
            demand=None,
        )

    def _remember(self, token_id: str, state: TokenState) -> None:
        self.ended[token_id] = state
        while len(self.ended) > ENDED_MAX:
            del self.ended[next(iter(self.ended))]
