"""Turn durable events into JSON bytes and back."""

import json
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
from brickwork_broker.core.request import Process, TokenRequest, WorkClass, Workload


def _as_dict(value: Any) -> dict[str, Any]:
    # Not `asdict`, which copies all that lies below as well and takes four times as long.
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_as_dict).encode


def to_bytes(event: DurableEvent) -> bytes:
    """Return one event as one line of compact JSON, its name under `event`."""
    return _encode({"event": type(event).__name__, **_as_dict(event)}).encode()


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
        case "Shrunk":
            return Shrunk(**fields)
        case "Quarantined":
            return Quarantined(fields["token_id"], Suspicion(fields["suspicion"]))
        case "Released":
            return Released(fields["token_id"], Evidence(fields["evidence"]))
        case "Cancelled":
            return Cancelled(**fields)
        case "DrainSet":
            return DrainSet(**fields)
    raise ValueError(f"no event is called {name}")


def _request(fields: dict[str, Any]) -> TokenRequest:
    return TokenRequest(
        **{
            **fields,
            "work_class": WorkClass(fields["work_class"]),
            "process": Process(**fields["process"]),
            "workload": Workload(**fields["workload"]),
        }
    )
