"""Measure how long leases take to be had, kept and given back, from what the ledger tells."""

from collections.abc import Iterable

from brickwork_broker.core.commands import Acquire, Command
from brickwork_broker.core.events import (
    AskedBack,
    Cancelled,
    Event,
    Granted,
    Loaded,
    Quarantined,
    Queued,
    Refused,
    Released,
    Renewed,
    Suspicion,
)
from brickwork_broker.core.request import WorkClass
from brickwork_broker.metrics import (
    DEMANDS,
    LOAD_SECONDS,
    RECLAIM_SECONDS,
    REFUSALS,
    RENEW_GAP_SECONDS,
    WAIT_SECONDS,
)


class LeaseMeter:
    """Note every event once, in order; what began in an earlier life of the broker is left out."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[int, WorkClass]] = {}
        self._renewed_ms: dict[str, int] = {}
        self._ended: dict[str, tuple[int, Suspicion]] = {}

    def note(self, command: Command, events: Iterable[Event], now_ms: int) -> None:
        """Measure what one command brought about."""
        for event in events:
            match event:
                case Queued() if isinstance(command, Acquire):
                    self._asked[event.token_id] = (now_ms, command.request.work_class)
                case Granted():
                    self._renewed_ms[event.request.token_id] = now_ms
                    self._wait_over(event.request.token_id, "granted", now_ms)
                case Cancelled():
                    self._wait_over(event.token_id, "cancelled", now_ms)
                case Renewed():
                    before_ms = self._renewed_ms.get(event.token_id, now_ms)
                    self._renewed_ms[event.token_id] = now_ms
                    RENEW_GAP_SECONDS.observe((now_ms - before_ms) / 1000)
                case Quarantined():
                    since_ms, _ = self._ended.get(event.token_id, (now_ms, event.suspicion))
                    self._ended[event.token_id] = (since_ms, event.suspicion)
                case Released():
                    self._released(event.token_id, now_ms)
                case _:
                    _count(event)

    def _wait_over(self, token_id: str, outcome: str, now_ms: int) -> None:
        asked = self._asked.pop(token_id, None)
        if asked is not None:
            since_ms, work_class = asked
            WAIT_SECONDS.labels(work_class.value, outcome).observe((now_ms - since_ms) / 1000)

    def _released(self, token_id: str, now_ms: int) -> None:
        self._renewed_ms.pop(token_id, None)
        ended = self._ended.pop(token_id, None)
        if ended is not None:
            since_ms, suspicion = ended
            RECLAIM_SECONDS.labels(suspicion.value).observe((now_ms - since_ms) / 1000)


def _count(event: Event) -> None:
    """Count what needs no memory of what was before."""
    match event:
        case AskedBack():
            DEMANDS.labels(event.how.value).inc()
        case Loaded():
            LOAD_SECONDS.observe(event.load_ms / 1000)
        case Refused():
            REFUSALS.labels(event.refusal.value).inc()
        case _:
            pass
