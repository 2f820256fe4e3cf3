"""Remember the latest changes of tokens, for whoever draws what happened."""

from collections import deque
from itertools import islice

from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import admin_pb2, broker_pb2
from brickwork_sdk.audit import Entry

CHANGES_MAX = 10_000
CHANGES_TOLD = 1_000
"""How many are told where the request does not say."""


class Timeline:
    """Hold the latest changes in order."""

    def __init__(self) -> None:
        self._changes: deque[tuple[int, Entry, int]] = deque(maxlen=CHANGES_MAX)

    def add(self, number: int, entry: Entry, now_ms: int) -> None:
        """Remember an entry of the audit log, if a token changed by it.

        Args:
            number: of its record; 0 where the disk did not take it.
            entry: as it was recorded.
            now_ms: when, on the broker's clock.
        """
        if "after" in entry.fields:
            self._changes.append((number, entry, now_ms))

    def latest(self, limit: int, now_ms: int) -> admin_pb2.ListTransitionsResponse:
        """Return the latest changes, the last one last; 0 asks for the usual number."""
        wanted = min(limit or CHANGES_TOLD, len(self._changes))
        latest = islice(self._changes, len(self._changes) - wanted, None)
        return admin_pb2.ListTransitionsResponse(
            transitions=[_transition(*change, now_ms) for change in latest]
        )


def _transition(number: int, entry: Entry, at_ms: int, now_ms: int) -> admin_pb2.Transition:
    fields = entry.fields
    ago = Duration()
    ago.FromMilliseconds(max(0, now_ms - at_ms))
    return admin_pb2.Transition(
        sequence=number,
        token_id=fields["token_id"],
        holder=fields["holder"],
        purpose=fields["purpose"],
        tenant=fields["tenant"],
        before=_state(fields["before"]),
        after=_state(fields["after"]),
        charged_bytes=fields["charged_bytes"],
        cause=entry.why,
        ago=ago,
    )


def _state(state: str | None) -> broker_pb2.TokenState.ValueType:
    name = "UNSPECIFIED" if state is None else state.upper()
    return broker_pb2.TokenState.Value(f"TOKEN_STATE_{name}")
