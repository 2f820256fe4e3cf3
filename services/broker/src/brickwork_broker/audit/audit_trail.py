"""Keep the broker's audit log: what happened is recorded, checked and told."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from brickwork_broker.audit.followed import Followed
from brickwork_broker.audit.history import CHARGED, PROMISES, Breach, History
from brickwork_broker.audit.standing import described, standing_of
from brickwork_broker.audit.timeline import Timeline
from brickwork_broker.audit.transitions import BROKER, Transitions
from brickwork_broker.audit.used_memory import UsedMemory
from brickwork_broker.core.commands import Command, Observe
from brickwork_broker.core.events import Event
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.rows import ENDED_MAX
from brickwork_broker.core.token import TokenState
from brickwork_broker.metrics import AUDIT_MISSING, PROMISES_BROKEN
from brickwork_sdk.audit import AuditLog, Entry

FOUND_WHY = "It is in the journal; a kill has kept it off this log."
_KNOWN_OF_ANY = ("token_id", "holder", "purpose", "tenant", "work_class", "epoch")
_AFTER_START = {"shrinking": "granted", "revoking": "granted"}
"""What was asked back is asked anew after a restart."""

_log = logging.getLogger(__name__)


class AuditTrail:
    """Record what the ledger tells, once for each command, in order.

    The journal is written first, and holds what must not be lost. So a kill may keep the last
    changes off the log: they are found at the next start and recorded then.

    Args:
        folder: of the log; its parent exists, and nobody else writes there.
        ledger: as the journal has brought it back.
        device: whose memory is lent.
        now_ms: the broker's clock at this start.

    Attributes:
        timeline: the latest changes.

    Raises:
        OSError: the log of earlier lives cannot be read.
    """

    def __init__(self, folder: Path, ledger: Ledger, device: str, now_ms: int) -> None:
        for promise in PROMISES:
            PROMISES_BROKEN.labels(promise)  # at 0, so that an alert sees the first one
        self._ledger = ledger
        self._device = device
        self._transitions = Transitions(ledger.grants())
        self._history = History(ENDED_MAX)
        self._used = UsedMemory(now_ms)
        self._log = AuditLog(folder, self._standing)
        self.timeline = Timeline()
        started_at = datetime.now(UTC)
        for record in self._log.tail:
            self._history.read(record.sequence, record.entry)  # what it broke was told then
            ago_ms = int((started_at - record.time).total_seconds() * 1000)
            self.timeline.add(record.sequence, record.entry, now_ms - ago_ms)
        self._record(_found(self._history, ledger), now_ms)
        self._record([self._stand("broker_started", "Started.")], now_ms)

    @property
    def missing(self) -> int:
        """How many records wait for room on the disk to be named as missing."""
        return self._log.missing

    def note(self, command: Command, events: Iterable[Event], now_ms: int) -> None:
        """Record what one command brought about; never fails for want of room."""
        entries = self._transitions.entries(command, events)
        if isinstance(command, Observe):
            self._used.look(self._ledger, now_ms)
            entries += self._used.due(now_ms)
        if entries or self._log.missing:
            self._record(entries, now_ms)

    def close(self) -> None:
        """Record that the broker was stopped, and close the log."""
        stopped = Entry(BROKER, "broker_stopped", "Asked to stop.")
        self._log.append(*self._used.rest(), stopped)
        self._log.close()

    def _record(self, entries: Iterable[Entry], now_ms: int) -> None:
        entries = list(entries)
        numbers: Sequence[int] = self._log.append(*entries)
        if not numbers:
            AUDIT_MISSING.inc(len(entries))
            numbers = [0] * len(entries)
        for number, entry in zip(numbers, entries, strict=True):
            self._check(number, entry)
            self.timeline.add(number, entry, now_ms)

    def _check(self, number: int, entry: Entry) -> None:
        for breach in self._history.read(number, entry):
            _report(breach)

    def _standing(self) -> Entry:
        """Say how things stand, for the head of a segment and after missing records."""
        return self._stand("ledger_stands", "So that a reader can begin here.")

    def _stand(self, what: str, why: str) -> Entry:
        fields = {
            "device": self._device,
            "capacity_bytes": self._ledger.limits.capacity_bytes,
            "is_draining": self._ledger.draining.is_draining,
            "tokens": self._transitions.standings(),
        }
        return Entry(BROKER, what, why, fields)


def _found(history: History, ledger: Ledger) -> Iterator[Entry]:
    """Yield what the journal knows and the log does not: what is over, then what is held."""
    grants = {grant.request.token_id: standing_of(grant) for grant in ledger.grants()}
    for token_id, token in list(history.tokens.items()):
        if token_id not in grants and token.state in CHARGED:
            known = {key: token.fields[key] for key in _KNOWN_OF_ANY}
            yield _find({**known, "charged_bytes": 0}, token.state, TokenState.RELEASED)
    for token_id, standing in grants.items():
        token = history.tokens.get(token_id, Followed())
        state = _AFTER_START.get(str(token.state), token.state)
        if (state, token.charged_bytes) != (standing.state, standing.charged_bytes):
            yield _find(described(token_id, standing), token.state, standing.state)


def _find(known: Mapping[str, Any], before: str | None, after: str | None) -> Entry:
    return Entry(BROKER, "token_found", FOUND_WHY, {**known, "before": before, "after": after})


def _report(breach: Breach) -> None:
    PROMISES_BROKEN.labels(breach.promise).inc()
    _log.error("promise_broken", extra={"promise": breach.promise, "sentence": breach.message})
