"""Requests and processes that the tests of the broker share."""

from dataclasses import replace

from brickwork_broker.core.commands import Acquire
from brickwork_broker.core.events import Event
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.core.request import Process, TokenRequest, WorkClass

BRICK = Process("boot-1", 10, 1_000)
ENGINE = Process("boot-1", 11, 1_001)
OTHER_BRICK = Process("boot-1", 20, 2_000)
OTHER_ENGINE = Process("boot-1", 21, 2_001)

REQUEST = TokenRequest(
    token_id="token-01",
    holder="asr",
    purpose="whisper-base",
    guaranteed_bytes=60,
    ceiling_bytes=60,
    work_class=WorkClass.BATCH,
    tenant="",
    renew_within_ms=5_000,
    process=BRICK,
)
OTHER_REQUEST = replace(
    REQUEST, token_id="token-02", holder="llm", purpose="smollm2", process=OTHER_BRICK
)


def ledger_of(capacity_bytes: int = 100, queue_max: int = 8) -> Ledger:
    return Ledger(Limits(capacity_bytes, queue_max))


def acquire(ledger: Ledger, request: TokenRequest, now_ms: int = 0) -> tuple[Event, ...]:
    return ledger.apply(Acquire(request, 10_000), now_ms)
