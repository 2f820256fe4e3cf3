"""Check by the audit log alone whether the broker has kept its promises.

The log is read record by record and every token is followed through it. What a record says must
follow from those before it by the table below, and each promise is looked after for itself; nothing
here shares code with the ledger, so that a mistake there is not made twice.

A restart forgets who waits and what was asked back, for neither is in the journal: a record of the
start says so, and how everything stands then. What a kill kept off the log, though the journal had
it, is recorded as found at that start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brickwork_broker.audit.followed import Followed
from brickwork_sdk.audit.record import MISSING, Entry

LEGAL: Mapping[str | None, frozenset[str]] = {
    None: frozenset({"queued", "cancelled"}),
    "queued": frozenset({"queued", "granted", "cancelled"}),
    "granted": frozenset({"granted", "shrinking", "revoking", "quarantined"}),
    "shrinking": frozenset({"granted", "shrinking", "revoking", "quarantined"}),
    "revoking": frozenset({"revoking", "quarantined"}),
    "quarantined": frozenset({"quarantined", "released"}),
}
"""What may follow on which state. A request stays queued when it is moved to another class, a grant
granted when it gives back unasked, and a demand may be renewed or made stricter."""

PROMISES = ("S1a", "S2", "S3", "S4", "S7")
"""Those that a log can show."""

CHARGED = frozenset({"granted", "shrinking", "revoking", "quarantined"})
OVER = frozenset({"released", "cancelled"})


@dataclass(frozen=True, slots=True)
class Breach:
    """Say which promise a record breaks, and how, in one sentence."""

    promise: str
    sequence: int
    message: str


class History:
    """Follow the tokens of a log.

    Args:
        ended_max: so many ids are remembered after their end; None remembers all.

    Attributes:
        tokens: those that are not over, by id.
        start_count: how often the broker was started.
        change_count: changes of tokens.
        found_count: of these, such as only the journal had after a kill.
    """

    def __init__(self, ended_max: int | None = None) -> None:
        self.tokens: dict[str, Followed] = {}
        self.start_count = self.change_count = self.found_count = 0
        self._ended: dict[str, str] = {}
        self._ended_max = ended_max
        self._capacity_bytes: int | None = None
        self._charged_bytes = 0
        self._epoch = 0
        self._loading = ""
        self._is_blind = True
        self._at = 0
        self._breaches: list[Breach] = []
        self._readers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "broker_started": self._started,
            "ledger_stands": self._stands,
            "token_changed": self._changed,
            "token_found": self._found,
            "users_bound": self._users_bound,
            "user_gone": self._user_gone,
            "token_loaded": self._loaded,
            "override": self._override,
            MISSING: self._missing,
        }

    def read(self, sequence: int, entry: Entry) -> list[Breach]:
        """Take in one record and return the promises that it breaks."""
        self._at, self._breaches = sequence, []
        reader = self._readers.get(entry.what)
        if reader is not None:
            try:
                reader(entry.fields)
            except (KeyError, TypeError, ValueError, AttributeError):
                self._breach("S7", "does not say what a record of its kind must")
        return self._breaches

    def _started(self, fields: Mapping[str, Any]) -> None:
        self.start_count += 1
        self._loading = ""
        # On a full disk the end of what was never granted is remembered by one life alone.
        self._ended = {one: state for one, state in self._ended.items() if state != "cancelled"}
        for token_id, token in list(self.tokens.items()):
            if token.state == "queued":
                del self.tokens[token_id]
            elif token.state in ("shrinking", "revoking"):
                token.state = "granted"
        self._stands(fields)

    def _stands(self, fields: Mapping[str, Any]) -> None:
        self._capacity_bytes = int(fields["capacity_bytes"])
        told = {str(one["token_id"]): Followed.told(one) for one in fields["tokens"]}
        if not self._is_blind:
            for token_id in sorted(told.keys() | self.tokens.keys()):
                before = self.tokens.get(token_id, Followed())
                now = told.get(token_id, Followed())
                if not now.is_like(before):
                    words = f"{now}, though the records before leave it {before}"
                    self._breach("S7", f"finds token {token_id} {words}")
        self.tokens = told
        self._charged_bytes = sum(one.charged_bytes for one in told.values())
        self._epoch = max([self._epoch, *(one.epoch for one in told.values())])
        self._is_blind = False

    def _changed(self, fields: Mapping[str, Any]) -> None:
        self.change_count += 1
        token_id, before, after = fields["token_id"], fields["before"], fields["after"]
        token = self.tokens.get(token_id, Followed())
        if not self._is_blind:
            if token.state != before:
                words = f"was {_state(before)}, though the records before leave it"
                self._breach("S7", f"says that token {token_id} {words} {_state(token.state)}")
            if after not in LEGAL.get(before, frozenset()):
                moves = f"takes token {token_id} from {_state(before)} to {_state(after)}"
                self._breach("S7", f"{moves}, which no rule allows")
            self._check_end(token_id, token, fields)
        self._check_epoch(token_id, token, fields)
        self._check_load(token_id, fields)
        self._take(token_id, token, fields)

    def _found(self, fields: Mapping[str, Any]) -> None:
        """Take in what only the journal knew: several steps at once, proven there."""
        self.change_count += 1
        self.found_count += 1
        token_id = fields["token_id"]
        token = self.tokens.get(token_id, Followed())
        if not self._is_blind and token.state != fields["before"]:
            words = f"was {_state(fields['before'])}, though the records before leave it"
            self._breach("S7", f"says that token {token_id} {words} {_state(token.state)}")
        if fields["after"] not in _reachable(fields["before"]):
            moves = f"from {_state(fields['before'])} to {_state(fields['after'])}"
            self._breach("S7", f"takes token {token_id} {moves}, which no steps allow")
        self._check_epoch(token_id, token, fields)
        self._take(token_id, token, fields)

    def _check_epoch(self, token_id: str, token: Followed, fields: Mapping[str, Any]) -> None:
        epoch, after = int(fields["epoch"]), fields["after"]
        if token_id in self._ended and after not in OVER:
            self._breach("S3", f"revives token {token_id}, which was {self._ended[token_id]}")
        elif fields["before"] in (None, "queued") and after in CHARGED and epoch <= self._epoch:
            self._breach("S3", f"grants token {token_id} epoch {epoch} after epoch {self._epoch}")
        elif token.epoch and epoch != token.epoch:
            self._breach("S3", f"changes the epoch of token {token_id}: {token.epoch} to {epoch}")
        self._epoch = max(self._epoch, epoch)

    def _check_end(self, token_id: str, token: Followed, fields: Mapping[str, Any]) -> None:
        """Look whether bytes stay charged until there is evidence."""
        after, charged_bytes = fields["after"], int(fields["charged_bytes"])
        gives_back = token.state == "quarantined" and charged_bytes < token.charged_bytes
        if after == "quarantined" and charged_bytes != token.charged_bytes and not gives_back:
            self._breach("S2", f"changes what quarantined token {token_id} is charged")
        if after != "released":
            return
        evidence = fields.get("evidence")
        if token.state != "quarantined":
            self._breach("S2", f"frees token {token_id}, which was not quarantined")
        elif evidence == "override" and not token.overridden:
            self._breach("S2", f"frees token {token_id} by an override that is not on record")
        elif evidence == "users_gone" and (token.users or not token.was_used):
            self._breach("S2", f"frees token {token_id} before each of its users is gone")
        elif evidence == "never_used" and token.was_used:
            self._breach("S2", f"frees token {token_id} as never used, but it was")
        elif evidence == "covered" and not self._uses_others(token):
            self._breach("S2", f"frees token {token_id}, though no other token covers its use")
        elif evidence not in ("override", "users_gone", "never_used", "covered"):
            self._breach("S2", f"frees token {token_id} without evidence")

    def _uses_others(self, token: Followed) -> bool:
        """Tell whether a process that uses a token uses another one as well."""
        others = (other for other in self.tokens.values() if other is not token)
        return any(other.users & token.users for other in others)

    def _check_load(self, token_id: str, fields: Mapping[str, Any]) -> None:
        after = fields["after"]
        if fields.get("loads") and after == "granted":
            if self._loading:
                self._breach("S4", f"lets token {token_id} load while {self._loading} does")
            self._loading = token_id
        elif token_id == self._loading and after in ("quarantined", "released"):
            self._loading = ""

    def _take(self, token_id: str, token: Followed, fields: Mapping[str, Any]) -> None:
        after, charged_bytes = str(fields["after"]), int(fields["charged_bytes"])
        more_bytes = charged_bytes - token.charged_bytes
        self._charged_bytes += more_bytes
        capacity_bytes = self._capacity_bytes
        if more_bytes > 0 and capacity_bytes is not None and self._charged_bytes > capacity_bytes:
            of = f"{self._charged_bytes} bytes of {capacity_bytes}"
            self._breach("S1a", f"lends more than there is by token {token_id}: {of}")
        token.state, token.epoch, token.charged_bytes = after, int(fields["epoch"]), charged_bytes
        token.fields = fields
        if after not in OVER:
            self.tokens[token_id] = token
            return
        self._charged_bytes -= charged_bytes
        self.tokens.pop(token_id, None)
        self._ended[token_id] = after
        while self._ended_max is not None and len(self._ended) > self._ended_max:
            del self._ended[next(iter(self._ended))]

    def _users_bound(self, fields: Mapping[str, Any]) -> None:
        token = self._known(fields)
        if token is not None:
            token.users, token.was_used = set(fields["users"]), True

    def _user_gone(self, fields: Mapping[str, Any]) -> None:
        token = self._known(fields)
        if token is not None:
            token.users.discard(fields["user"])

    def _loaded(self, fields: Mapping[str, Any]) -> None:
        if fields["token_id"] == self._loading:
            self._loading = ""

    def _override(self, fields: Mapping[str, Any]) -> None:
        token = self._known(fields)
        if token is not None:
            token.overridden = True

    def _missing(self, fields: Mapping[str, Any]) -> None:
        """Believe what comes until a record says how everything stands."""
        self._is_blind = True
        self._loading = ""

    def _known(self, fields: Mapping[str, Any]) -> Followed | None:
        token = self.tokens.get(fields["token_id"])
        if token is None and not self._is_blind:
            self._breach("S7", f"tells of token {fields['token_id']}, which nobody holds")
        return token

    def _breach(self, promise: str, words: str) -> None:
        self._breaches.append(Breach(promise, self._at, f"Record {self._at} {words}."))


def _reachable(before: str | None) -> set[str]:
    """Return every state that some number of legal steps leads to."""
    found: set[str] = set()
    ahead = list(LEGAL.get(before, ()))
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            ahead += LEGAL.get(state, ())
    return found


def _state(state: str | None) -> str:
    return "unknown" if state is None else state
