"""Turn durable events into JSON bytes and back."""

import json
from dataclasses import asdict
from typing import Any

from brickwork_broker.messages import (
    Cancelled,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Process,
    Quarantined,
    Released,
    Suspicion,
    TokenRequest,
    UserGone,
    UsersBound,
    WorkClass,
)


def to_bytes(event: DurableEvent) -> bytes:
    """Return one event as one line of compact JSON, its name under `event`."""
    fields = {"event": type(event).__name__, **asdict(event)}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def from_bytes(data: bytes) -> DurableEvent:
    """Return the event that `to_bytes` wrote.

    Raises:
        ValueError, KeyError, TypeError: the bytes are no event.
    """
    fields = json.loads(data)
    name = fields.pop("event")
    match name:
        case "EpochsReserved":
            return EpochsReserved(**fields)
        case "Granted":
            return Granted(**{**fields, "request": _request(fields["request"])})
        case "UsersBound":
            return UsersBound(fields["token_id"], tuple(Process(**u) for u in fields["users"]))
        case "UserGone":
            return UserGone(fields["token_id"], Process(**fields["process"]))
        case "Quarantined":
            return Quarantined(fields["token_id"], Suspicion(fields["suspicion"]))
        case "Released":
            return Released(fields["token_id"], Evidence(fields["evidence"]))
        case "Cancelled":
            return Cancelled(**fields)
    raise ValueError(f"no event is called {name}")


def _request(fields: dict[str, Any]) -> TokenRequest:
    work_class = WorkClass(fields["work_class"])
    process = Process(**fields["process"])
    return TokenRequest(**{**fields, "work_class": work_class, "process": process})
