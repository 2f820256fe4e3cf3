"""Plant known bugs in the broker, so that a test can demand that the simulator finds each."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from unittest import mock

from brickwork_broker import policy
from brickwork_broker.book import Book
from brickwork_broker.ledger import Ledger, Limits
from brickwork_broker.messages import (
    Cancelled,
    Command,
    DurableEvent,
    Event,
    Evidence,
    Quarantined,
    Released,
    Renew,
    Renewed,
    Suspicion,
    TokenState,
    UsersBound,
    WorkClass,
)
from brickwork_broker.rows import Rows
from brickwork_broker.token import Grant, Waiter

_init = Ledger.__init__
_fold = Rows.fold
_record = Ledger._record
_renew = Ledger._renew
_release_if_proven = Ledger._release_if_proven


def _release_without_evidence(self: Ledger, token_id: str) -> None:
    if self._rows.grants[token_id].suspicion is Suspicion.RELEASED_BY_HOLDER:
        self._record(Released(token_id, Evidence.USERS_GONE))


def _reuse_epochs(
    self: Ledger, limits: Limits, history: Iterable[DurableEvent] = (), now_ms: int = 0
) -> None:
    _init(self, limits, history, now_ms)
    self._epoch_next = max((grant.epoch for grant in self.grants()), default=0) + 1


def _free_what_expires(self: Ledger, token_id: str) -> None:
    if self._rows.grants[token_id].suspicion is Suspicion.EXPIRED:
        self._record(Released(token_id, Evidence.USERS_GONE))
    else:
        _release_if_proven(self, token_id)


def _revive(self: Ledger, command: Renew) -> None:
    grant = self._rows.grants.get(command.token_id)
    if grant is not None and grant.suspicion is Suspicion.EXPIRED:
        self._rows.grants[command.token_id] = replace(
            grant,
            state=TokenState.GRANTED,
            suspicion=None,
            expires_at_ms=self._now_ms + grant.request.renew_within_ms,
        )
        self._events.append(Renewed(command.token_id))
    else:
        _renew(self, command)


def _smallest_first(waiters: Iterable[Waiter]) -> list[Waiter]:
    return sorted(waiters, key=lambda waiter: waiter.request.guaranteed_bytes)


def _count_release_twice(self: Rows, event: DurableEvent, now_ms: int) -> None:
    grant = self.grants.get(event.token_id) if isinstance(event, Released) else None
    _fold(self, event, now_ms)
    if grant is not None:
        self.charged_bytes -= grant.granted_bytes


def _forget_the_journal(self: Book, command: Command, now_ms: int) -> tuple[Event, ...]:
    return self.ledger.apply(command, now_ms)


def _forget_the_dying(self: Rows, event: DurableEvent, now_ms: int) -> None:
    if isinstance(event, UsersBound):
        event = UsersBound(event.token_id, event.users[-1:])
    _fold(self, event, now_ms)


def _forget_the_ended(self: Rows, token_id: str, state: TokenState) -> None:
    """Keep nothing of an id that is over."""


def _recover_for_ever(self: Ledger, event: DurableEvent) -> None:
    _record(self, event)
    if isinstance(event, Quarantined | Cancelled):
        self._detached.add(event.token_id)


def _grant_more_than_is_free(waiters: list[Waiter], free_bytes: int) -> int | None:
    return waiters[0].request.ceiling_bytes if free_bytes > 0 else None


def _trust_the_holder(self: Ledger, grant: Grant, suspicion: Suspicion) -> None:
    """Believe that the engine is gone as soon as its holder is."""
    self._record(Quarantined(grant.request.token_id, suspicion))
    if suspicion is Suspicion.HOLDER_GONE:
        self._record(Released(grant.request.token_id, Evidence.USERS_GONE))
    else:
        self._release_if_proven(grant.request.token_id)


@dataclass(frozen=True)
class Mutation:
    """A known bug, and the promises whose checkers may be the first to find it."""

    promises: tuple[str, ...]
    owner: object
    name: str
    bug: object

    def planted(self) -> AbstractContextManager[object]:
        """Put the bug in the place of the right code for a while."""
        return mock.patch.object(self.owner, self.name, self.bug)


_IMPATIENT = {**policy.PATIENCE_MS, WorkClass.BATCH: 10**9}

MUTATIONS = {
    "quarantine skipped": Mutation(
        ("S2",), Ledger, "_release_if_proven", _release_without_evidence
    ),
    "expiry frees at once": Mutation(("S2",), Ledger, "_release_if_proven", _free_what_expires),
    "dead holder taken as dead engine": Mutation(("S2",), Ledger, "_end", _trust_the_holder),
    "old engine forgotten at renewal": Mutation(("S2",), Rows, "fold", _forget_the_dying),
    "epoch reused after restart": Mutation(("S3",), Ledger, "__init__", _reuse_epochs),
    "late renew revives": Mutation(("S3",), Ledger, "_renew", _revive),
    "ended ids forgotten": Mutation(("S3",), Rows, "_remember", _forget_the_ended),
    "journal not written": Mutation(("S2", "S3"), Book, "apply", _forget_the_journal),
    "release counted twice": Mutation(("S1a",), Rows, "fold", _count_release_twice),
    "more granted than is free": Mutation(
        ("assertion",), policy, "bytes_for_head", _grant_more_than_is_free
    ),
    "head overtaken for ever": Mutation(("L2",), policy, "in_turn", _smallest_first),
    "ageing forgotten": Mutation(("L2",), policy, "PATIENCE_MS", _IMPATIENT),
    "recovery never ends": Mutation(("L1",), Ledger, "_record", _recover_for_ever),
}
