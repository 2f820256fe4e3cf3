"""Show what the ledger holds, in the words of the wire."""

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_broker import wire
from brickwork_broker.core.explain import Place, closed_because, explain, explain_all
from brickwork_broker.core.forecast import Forecast
from brickwork_broker.core.token import Grant, TokenState, Waiter
from brickwork_broker.runtime import Runtime


class Board:
    """Render tokens, capacity and explanations as they are now.

    Args:
        runtime: owns the ledger, and has the latest look of the probe.
        device: name of the device.
        total_bytes: memory of the device, for as long as nothing was read.
        forecast: knows how long tokens are kept.
    """

    def __init__(self, runtime: Runtime, device: str, total_bytes: int, forecast: Forecast) -> None:
        self._runtime = runtime
        self._device = device
        self._total_bytes = total_bytes
        self._forecast = forecast

    def token(self, token_id: str) -> pb.VramToken:
        """Render one token that the ledger knows."""
        ledger = self._runtime.ledger
        row = ledger.find(token_id)
        assert row is not None, "the ledger forgot a token that it just changed"
        if isinstance(row, TokenState):
            return wire.ended(token_id, row)
        if isinstance(row, Grant):
            return self._held(row)
        place = explain(ledger, token_id)
        assert place is not None, "a request that waits has a place"
        return self._waiting(row, place)

    def tokens(self) -> list[pb.VramToken]:
        """Render all that is charged, then all that wait, in turn."""
        ledger = self._runtime.ledger
        tokens = [self._held(grant) for grant in ledger.grants()]
        return tokens + [self._waiting(*waiting) for waiting in explain_all(ledger)]

    def capacity(self) -> pb.GetCapacityResponse:
        """Render what there is and what is lent of it."""
        ledger, sight = self._runtime.ledger, self._runtime.sight
        quarantined = (grant for grant in ledger.grants() if not grant.is_alive)
        device = pb.DeviceCapacity(
            device=self._device,
            capacity_bytes=ledger.limits.capacity_bytes,
            charged_bytes=ledger.charged_bytes,
            quarantined_bytes=sum(grant.granted_bytes for grant in quarantined),
            total_bytes=self._total_bytes if sight is None else sight.total_bytes,
            overcommitted=ledger.excess_bytes > 0,
        )
        if sight is not None and sight.used_bytes is not None:
            device.used_bytes = sight.used_bytes
            device.foreign_bytes = ledger.foreign_bytes
        return pb.GetCapacityResponse(
            devices=[device],
            recovering=ledger.is_recovering,
            closed_because=closed_because(ledger),
        )

    def explanation(self, waiter: Waiter) -> pb.ExplainWaitResponse:
        """Render why a request waits, and who makes room for it."""
        ledger = self._runtime.ledger
        place = explain(ledger, waiter.request.token_id)
        assert place is not None, "a request that waits has a place"
        grants = sorted(ledger.grants(), key=lambda grant: -grant.granted_bytes)
        asked = [wire.leaving(grant) for grant in grants if grant.leaving_bytes]
        would = [wire.yielding(one) for one in ledger.yielding_for(waiter)]
        return pb.ExplainWaitResponse(
            place=self._place(waiter, place),
            held=[self._held(grant) for grant in grants],
            yielding=asked + would,
        )

    def _held(self, grant: Grant) -> pb.VramToken:
        measured_bytes = self._runtime.ledger.reading_of(grant) if grant.users else None
        return wire.held(grant, self._device, self._runtime.now_ms(), measured_bytes)

    def _waiting(self, waiter: Waiter, place: Place) -> pb.VramToken:
        return wire.waiting(waiter, self._place(waiter, place), self._runtime.now_ms())

    def _place(self, waiter: Waiter, place: Place) -> pb.QueuePlace:
        runtime, token_id = self._runtime, waiter.request.token_id
        rendered = pb.QueuePlace(position=place.position, cause=place.cause)
        expected = self._forecast.expected(runtime.ledger, token_id, runtime.now_ms())
        if expected is not None:
            rendered.expected.CopyFrom(wire.span(expected[0]))
            rendered.expected_at_most.CopyFrom(wire.span(expected[1]))
        return rendered
