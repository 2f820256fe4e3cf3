"""What the checkers know of each token: followed from event to event, never asked of the ledger."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from brickwork_broker.core.commands import Command, Renew
from brickwork_broker.core.events import (
    AskedBack,
    Cancelled,
    Event,
    Evidence,
    Granted,
    Overridden,
    Quarantined,
    Queued,
    Reclassified,
    Released,
    Renewed,
    Shrunk,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from brickwork_broker.core.token import Grant, TokenState

S = TokenState
LEGAL: dict[TokenState | None, set[TokenState]] = {
    None: {S.QUEUED, S.CANCELLED},
    S.QUEUED: {S.GRANTED, S.CANCELLED},
    S.GRANTED: {S.SHRINKING, S.REVOKING, S.QUARANTINED},
    S.SHRINKING: {S.GRANTED, S.REVOKING, S.QUARANTINED},
    S.REVOKING: {S.QUARANTINED},
    S.QUARANTINED: {S.QUARANTINED, S.RELEASED},
}
"""The table of transitions, as promised; written here once more on purpose."""

CLEARING_MS_MAX = 10_000
"""Bytes that are not back so long after the end of their token are not on their way."""

Broken = Callable[[str, str], None]


@dataclass(slots=True)
class Told:
    """Hold what events have said of a token, and when on the clock of the world."""

    token_id: str
    request: TokenRequest | None = None
    state: TokenState | None = None
    since_ms: int = 0
    asked_at_ms: int = 0
    order: int = 0
    work_class: WorkClass = WorkClass.BATCH
    epoch: int = 0
    charged_bytes: int = 0
    keep_bytes: int | None = None
    users: set[Process] = field(default_factory=set)
    was_used: bool = False
    kept_bytes: int = 0
    kept_at_ms: int = 0
    given_back_at_ms: int | None = None
    is_loading: bool = False
    load_progress: int = -1
    loaded_at_ms: int = 0
    got_on_at_ms: int | None = None
    is_answered_for: bool = False

    @property
    def is_charged(self) -> bool:
        """Whether it holds memory, rightly or not."""
        return self.state in (S.GRANTED, S.SHRINKING, S.REVOKING, S.QUARANTINED)

    def leaving_bytes(self, now_ms: int) -> int:
        """Return how much of it is on its way back; what is stuck is not."""
        if self.state is S.QUARANTINED:
            return self.charged_bytes if now_ms - self.since_ms < CLEARING_MS_MAX else 0
        return 0 if self.keep_bytes is None else self.charged_bytes - self.keep_bytes


class Story:
    """Follow all tokens, and see that every step is legal (S7) and that nothing is revived (S3).

    Attributes:
        tokens: those that wait or hold, by id.
        over: ids that may never be used again.
        forgotten: ids that were cancelled on a full disk by a broker that was killed over it; one
            may be granted to a late message, unheard, and stays as long as its caller lives.
    """

    def __init__(self, broken: Broken) -> None:
        self.tokens: dict[str, Told] = {}
        self.over = set[str]()
        self.forgotten = set[str]()
        self._broken = broken
        self._order = 0
        self._epoch_max = 0
        self._told_while_full = set[str]()
        self._torn = set[str]()

    def charged(self) -> list[Told]:
        """Return the tokens that hold memory."""
        return [token for token in self.tokens.values() if token.is_charged]

    def waiting(self) -> list[Told]:
        """Return the tokens that wait."""
        return [token for token in self.tokens.values() if token.state is S.QUEUED]

    def power_lost(self) -> None:
        """Forget everything: every process that could know has ended."""
        self.tokens.clear()
        self.over.clear()

    def torn(self, events: Iterable[Event]) -> None:
        """Note of which tokens it is not known how much of their latest steps is on record."""
        for event in events:
            self._torn.add(event.request.token_id if isinstance(event, Granted) else _id_of(event))

    def begin_again(self, grants: list[Grant], now_ms: int) -> None:
        """Compare what the broker knows after a restart with what it knew (L4); then believe it."""
        known = {grant.request.token_id: grant for grant in grants}
        for token in self.charged():
            grant = known.get(token.token_id)
            if token.token_id in self._torn:
                continue
            if grant is None:
                self._broken("L4", f"{token.token_id} was lost by a restart")
            elif (grant.epoch, grant.granted_bytes, set(grant.users), not grant.is_alive) != (
                token.epoch,
                token.charged_bytes,
                token.users,
                token.state is S.QUARANTINED,
            ):
                self._broken("L4", f"{token.token_id} was changed by a restart")
        before, self.tokens = self.tokens, {}
        for token_id, grant in known.items():
            token = self.tokens[token_id] = before.get(token_id) or Told(token_id)
            token.request, token.epoch = grant.request, grant.epoch
            token.charged_bytes, token.users = grant.granted_bytes, set(grant.users)
            token.was_used, token.keep_bytes, token.since_ms = grant.was_used, None, now_ms
            token.state = S.GRANTED if grant.is_alive else S.QUARANTINED
            is_given_back = grant.suspicion is Suspicion.RELEASED_BY_HOLDER
            token.given_back_at_ms = now_ms if is_given_back else None
            token.got_on_at_ms = None
            token.is_loading = grant.is_loading  # for all it knows, until it is told again
        self._torn.clear()
        self.over -= self._told_while_full
        self.forgotten |= self._told_while_full
        self._told_while_full.clear()

    def take(self, command: Command, event: Event, is_full: bool, now_ms: int) -> None:
        """Take in one event."""
        if not is_full:
            self._told_while_full.clear()
        match event:
            case Queued():
                self._queued(command, event, now_ms)
            case Granted():
                self._granted(event, now_ms)
            case AskedBack(keep_bytes=keep_bytes):
                token = self._go(event.token_id, S.SHRINKING if keep_bytes else S.REVOKING, now_ms)
                token.keep_bytes = keep_bytes
            case Quarantined():
                self._quarantined(event, now_ms)
            case Released(token_id=token_id, evidence=evidence):
                token = self._go(token_id, S.RELEASED, now_ms)
                if evidence is Evidence.OVERRIDE and not token.is_answered_for:
                    self._broken("S7", f"{token_id} was freed by nobody that is on record")
                self._end(token_id)
            case Cancelled(token_id=token_id):
                self._go(token_id, S.CANCELLED, now_ms)
                self._end(token_id)
                if is_full:
                    self._told_while_full.add(token_id)
            case _:
                self._hear(command, event, now_ms)

    def _hear(self, command: Command, event: Event, now_ms: int) -> None:
        """Take in what happens to a token that goes on."""
        match event:
            case Renewed(token_id=token_id) if isinstance(command, Renew):
                self._renewed(self._known(token_id), command, now_ms)
            case UsersBound(token_id=token_id, users=users):
                token = self._known(token_id)
                token.users, token.was_used = set(users), True
            case UserGone(token_id=token_id, process=process):
                self._known(token_id).users.discard(process)
            case Shrunk(token_id=token_id, granted_bytes=granted_bytes):
                token = self._known(token_id)
                token.charged_bytes = granted_bytes
                if token.keep_bytes and granted_bytes <= token.keep_bytes:
                    self._go(token_id, S.GRANTED, now_ms).keep_bytes = None
            case Overridden(token_id=token_id):
                by_somebody = bool(event.operator and event.reason)
                self._known(token_id).is_answered_for = by_somebody
            case Reclassified(token_id=token_id, work_class=work_class):
                self._known(token_id).work_class = work_class
            case _:
                pass

    def _queued(self, command: Command, event: Queued, now_ms: int) -> None:
        request = getattr(command, "request", None)
        if event.token_id in self.over:
            self._broken("S3", f"{event.token_id} waits after its end")
        token = self._go(event.token_id, S.QUEUED, now_ms)
        self._order += 1
        token.request, token.asked_at_ms, token.order = request, now_ms, self._order
        if request is not None:
            token.work_class = request.work_class

    def _granted(self, event: Granted, now_ms: int) -> None:
        token_id = event.request.token_id
        if event.epoch <= self._epoch_max:
            self._broken("S3", f"epoch {event.epoch} came after {self._epoch_max}")
        self._epoch_max = max(self._epoch_max, event.epoch)
        if token_id in self.over:
            self._broken("S3", f"{token_id} was granted after its end")
        token = self._go(token_id, S.GRANTED, now_ms)
        token.request, token.epoch = event.request, event.epoch
        token.charged_bytes = event.granted_bytes
        token.is_loading, token.got_on_at_ms = event.request.loads, now_ms

    def _renewed(self, token: Told, command: Renew, now_ms: int) -> None:
        if token.state is S.QUARANTINED or token.token_id in self.over:
            self._broken("S3", f"{token.token_id} was renewed after its end")
        if command.epoch != token.epoch:
            self._broken("S3", f"{token.token_id} was renewed by a forged epoch")
        if command.kept_bytes != token.kept_bytes:
            token.kept_bytes, token.kept_at_ms = command.kept_bytes, now_ms
        if not command.is_loading:
            if token.is_loading:
                token.loaded_at_ms = now_ms
            token.is_loading = False
        elif token.got_on_at_ms is None or command.load_progress > token.load_progress:
            token.load_progress, token.got_on_at_ms = command.load_progress, now_ms

    def _quarantined(self, event: Quarantined, now_ms: int) -> None:
        token = self._go(event.token_id, S.QUARANTINED, now_ms)
        token.is_loading, token.keep_bytes = False, None
        if event.suspicion is Suspicion.RELEASED_BY_HOLDER:
            token.given_back_at_ms = now_ms

    def _go(self, token_id: str, after: TokenState, now_ms: int) -> Told:
        token = self.tokens.setdefault(token_id, Told(token_id))
        if after not in LEGAL.get(token.state, set()):
            before = None if token.state is None else token.state.value
            self._broken("S7", f"{token_id} went from {before} to {after.value}")
        if token.state is not after:
            token.state, token.since_ms = after, now_ms
        return token

    def _known(self, token_id: str) -> Told:
        if token_id not in self.tokens:
            self._broken("S7", f"{token_id}, of which nothing was told, is told of")
        return self.tokens.setdefault(token_id, Told(token_id))

    def _end(self, token_id: str) -> None:
        self.over.add(token_id)
        self.tokens.pop(token_id, None)


def _id_of(event: Event) -> str:
    return getattr(event, "token_id", "")
