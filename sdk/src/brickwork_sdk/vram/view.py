"""What the broker tells, as the JSON that the handle and the gateway show.

Sizes are `_bytes`, spans `_seconds`; what is not known is null.
"""

from typing import Any

from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import admin_pb2, broker_pb2
from brickwork_sdk.durations import to_seconds

View = dict[str, Any]


def memory_view(state: broker_pb2.WatchVramTokensResponse) -> View:
    """Render who holds, who waits and what there is."""
    return {
        "devices": [device_view(device) for device in state.capacity.devices],
        "recovering": state.capacity.recovering,
        "closed_because": state.capacity.closed_because or None,
        "tokens": [token_view(token) for token in state.tokens],
    }


def device_view(device: broker_pb2.DeviceCapacity) -> View:
    """Render the memory of one device."""
    return {
        "device": device.device,
        "total_bytes": device.total_bytes,
        "capacity_bytes": device.capacity_bytes,
        "charged_bytes": device.charged_bytes,
        "quarantined_bytes": device.quarantined_bytes,
        "free_bytes": max(0, device.capacity_bytes - device.charged_bytes),
        "used_bytes": device.used_bytes if device.HasField("used_bytes") else None,
        "foreign_bytes": device.foreign_bytes if device.HasField("foreign_bytes") else None,
        "overcommitted": device.overcommitted,
    }


def token_view(token: broker_pb2.VramToken) -> View:
    """Render one token."""
    return {
        "token_id": token.token_id,
        "holder": token.holder,
        "purpose": token.purpose,
        "tenant": token.tenant,
        "class": class_word(token.work_class),
        "state": state_word(token.state),
        "device": token.device or None,
        "granted_bytes": token.granted_bytes,
        "guaranteed_bytes": token.guaranteed_bytes,
        "ceiling_bytes": token.ceiling_bytes,
        "measured_bytes": token.measured_bytes if token.HasField("measured_bytes") else None,
        "epoch": token.epoch,
        "age_seconds": to_seconds(token.age),
        "remaining_seconds": _seconds(token, "remaining"),
        "hold_left_seconds": _seconds(token, "hold_left"),
        "idle_seconds": _seconds(token, "idle"),
        "loading": token.loading,
        "tier": _word(broker_pb2.EnforcementTier.Name(token.tier), "ENFORCEMENT_TIER_"),
        "demand": demand_view(token.demand) if token.HasField("demand") else None,
        "place": place_view(token.place) if token.HasField("place") else None,
    }


def demand_view(demand: broker_pb2.Demand) -> View:
    """Render what a holder is asked to do."""
    return {
        "keep_bytes": demand.keep_bytes,
        "within_seconds": to_seconds(demand.within),
        "cause": demand.cause,
    }


def place_view(place: broker_pb2.QueuePlace) -> View:
    """Render where a token waits, how long still, and why."""
    return {
        "position": place.position,
        "cause": place.cause,
        "expected_seconds": _seconds(place, "expected"),
        "expected_at_most_seconds": _seconds(place, "expected_at_most"),
    }


def wait_view(wait: broker_pb2.ExplainWaitResponse) -> View:
    """Render why a token waits, and who makes room for it."""
    return {
        "place": place_view(wait.place),
        "held": [token_view(token) for token in wait.held],
        "yielding": [
            {
                "token_id": one.token_id,
                "holder": one.holder,
                "purpose": one.purpose,
                "yielded_bytes": one.yielded_bytes,
                "kind": _word(broker_pb2.YieldKind.Name(one.kind), "YIELD_KIND_"),
                "asked": one.asked,
            }
            for one in wait.yielding
        ],
    }


def transition_view(transition: admin_pb2.Transition) -> View:
    """Render one change of one token."""
    is_new = transition.before == broker_pb2.TOKEN_STATE_UNSPECIFIED
    return {
        "sequence": transition.sequence,
        "token_id": transition.token_id,
        "holder": transition.holder,
        "purpose": transition.purpose,
        "tenant": transition.tenant,
        "before": None if is_new else state_word(transition.before),
        "after": state_word(transition.after),
        "charged_bytes": transition.charged_bytes,
        "cause": transition.cause,
        "ago_seconds": to_seconds(transition.ago),
    }


def state_word(state: broker_pb2.TokenState.ValueType) -> str:
    """Name a state, such as `granted`."""
    return _word(broker_pb2.TokenState.Name(state), "TOKEN_STATE_")


def class_word(work_class: broker_pb2.WorkClass.ValueType) -> str:
    """Name a class of work, such as `batch`."""
    return _word(broker_pb2.WorkClass.Name(work_class), "WORK_CLASS_")


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()


def _seconds(message: broker_pb2.VramToken | broker_pb2.QueuePlace, field: str) -> float | None:
    if not message.HasField(field):  # type: ignore[arg-type]
        return None
    span: Duration = getattr(message, field)
    return to_seconds(span)
