"""Fold durable events into rows: what is charged, what has ended, which epochs are promised.

Live decisions and a replay of the journal go through the same fold, so a restart knows what was
known before it. The one running total, `charged_bytes`, lives here and nowhere else.
"""

from collections.abc import Iterator
from dataclasses import replace

from brickwork_broker.messages import (
    Cancelled,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Quarantined,
    Released,
    TokenState,
    UserGone,
    UsersBound,
)
from brickwork_broker.token import Grant

ENDED_MAX = 4_096
"""Ids remembered after their end, so that a late message cannot bring one back."""


class Rows:
    """Hold what a restart must know."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.ended: dict[str, TokenState] = {}
        self.charged_bytes = 0
        self.epoch_end = 1

    def fold(self, event: DurableEvent, now_ms: int) -> None:
        """Change the rows as one event says."""
        match event:
            case EpochsReserved():
                self.epoch_end = event.epoch_end
            case Granted():
                self._grant(event, now_ms)
            case UsersBound():
                grant = self.grants[event.token_id]
                self.grants[event.token_id] = replace(grant, users=event.users, was_used=True)
            case UserGone():
                grant = self.grants[event.token_id]
                left = tuple(user for user in grant.users if user != event.process)
                self.grants[event.token_id] = replace(grant, users=left)
            case Quarantined():
                self._quarantine(event, now_ms)
            case Released():
                grant_before = self.grants.pop(event.token_id, None)
                if grant_before is not None:
                    self.charged_bytes -= grant_before.granted_bytes
                self._remember(event.token_id, TokenState.RELEASED)
            case Cancelled():
                self._remember(event.token_id, TokenState.CANCELLED)

    def extend(self, token_id: str, expires_at_ms: int) -> None:
        """Move the expiry of a grant; told to no journal, for a restart begins it anew."""
        self.grants[token_id] = replace(self.grants[token_id], expires_at_ms=expires_at_ms)

    def history(self) -> Iterator[DurableEvent]:
        """Yield the fewest events that fold into these rows."""
        yield EpochsReserved(self.epoch_end)
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
            granted_bytes=event.granted_bytes,
            epoch=event.epoch,
            expires_at_ms=now_ms + request.renew_within_ms,
        )
        self.charged_bytes += event.granted_bytes

    def _quarantine(self, event: Quarantined, now_ms: int) -> None:
        grant = self.grants[event.token_id]
        since_ms = now_ms if grant.state is TokenState.GRANTED else grant.since_ms
        self.grants[event.token_id] = replace(
            grant, state=TokenState.QUARANTINED, since_ms=since_ms, suspicion=event.suspicion
        )

    def _remember(self, token_id: str, state: TokenState) -> None:
        self.ended[token_id] = state
        while len(self.ended) > ENDED_MAX:
            del self.ended[next(iter(self.ended))]
