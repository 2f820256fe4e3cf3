"""Answer the wire's calls from the ledger."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1alpha1 import broker_pb2 as pb
from brickwork.broker.v1alpha1 import broker_pb2_grpc
from brickwork_broker import wire
from brickwork_broker.explain import explain
from brickwork_broker.messages import (
    Event,
    Process,
    Refusal,
    Refused,
    Release,
    Renew,
    TokenState,
)
from brickwork_broker.pid_namespaces import PidNamespaces
from brickwork_broker.probe import Probe
from brickwork_broker.runtime import Runtime
from brickwork_broker.token import Grant, Waiter
from brickwork_sdk.errors import (
    BrickworkError,
    InvalidInput,
    NoCapacity,
    NotFound,
    NotPossible,
    Reason,
)

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

QUEUE_RETRY_SECONDS = 10.0
"""When a place in a full queue may be free: about as long as a model is loaded."""


class BrokerServicer(broker_pb2_grpc.BrokerServiceServicer):
    """Lend memory over gRPC.

    Args:
        runtime: owns the ledger.
        probe: sees the device and the processes.
        namespaces: knows the processes of containers.
    """

    def __init__(self, runtime: Runtime, probe: Probe, namespaces: PidNamespaces) -> None:
        self._runtime = runtime
        self._probe = probe
        self._namespaces = namespaces

    async def AcquireVramToken(
        self, request: pb.AcquireVramTokenRequest, context: "Context"
    ) -> pb.AcquireVramTokenResponse:
        """Ask for a token and wait for it."""
        holder = await self._seen(request.process, "process")
        if await self._runtime.gone([holder]):
            raise _unseen("process")
        command = wire.acquire(request, holder)
        token_id = command.request.token_id
        _raise_if_refused(self._runtime.apply(command))
        await self._runtime.wait_for_grant(token_id, command.wait_ms / 1000)
        row = self._runtime.ledger.find(token_id)
        if not isinstance(row, Grant | Waiter):
            raise NotPossible(
                Reason.VRAM_TOKEN_STALE,
                "The request left the queue.",
                metadata={"token_id": token_id},
            )
        response = pb.AcquireVramTokenResponse(token=self._render(row))
        place = explain(self._runtime.ledger, token_id)
        if place is not None:
            response.place.CopyFrom(pb.QueuePlace(position=place.position, cause=place.cause))
        return response

    async def RenewVramToken(
        self, request: pb.RenewVramTokenRequest, context: "Context"
    ) -> pb.RenewVramTokenResponse:
        """Keep a token."""
        users = tuple([await self._seen(user, "users") for user in request.users])
        _raise_if_refused(self._runtime.apply(Renew(request.token_id, request.epoch, users)))
        return pb.RenewVramTokenResponse(
            token=self._token(request.token_id),
            wanted_back=bool(self._runtime.ledger.waiters()),
        )

    async def ReleaseVramToken(
        self, request: pb.ReleaseVramTokenRequest, context: "Context"
    ) -> pb.ReleaseVramTokenResponse:
        """Give a token back; free at once if its processes are gone already."""
        _raise_if_refused(self._runtime.apply(Release(request.token_id, request.epoch)))
        row = self._runtime.ledger.find(request.token_id)
        if isinstance(row, Grant):
            await self._runtime.look_at(row.users)
        return pb.ReleaseVramTokenResponse(token=self._token(request.token_id))

    async def ListVramTokens(
        self, request: pb.ListVramTokensRequest, context: "Context"
    ) -> pb.ListVramTokensResponse:
        """List what is held and who waits."""
        grants = self._runtime.ledger.grants()
        measured = await asyncio.to_thread(self._measure, [grant.users for grant in grants])
        tokens = [self._render(*pair) for pair in zip(grants, measured, strict=True)]
        tokens += [self._render(waiter) for waiter in self._runtime.ledger.waiters()]
        return pb.ListVramTokensResponse(tokens=tokens)

    async def GetCapacity(
        self, request: pb.GetCapacityRequest, context: "Context"
    ) -> pb.GetCapacityResponse:
        """Tell what there is and what is lent of it."""
        reading = await asyncio.to_thread(self._probe.read)
        ledger = self._runtime.ledger
        quarantined = (g for g in ledger.grants() if g.state is TokenState.QUARANTINED)
        device = pb.DeviceCapacity(
            device=self._probe.device,
            capacity_bytes=ledger.limits.capacity_bytes,
            charged_bytes=ledger.charged_bytes,
            quarantined_bytes=sum(grant.granted_bytes for grant in quarantined),
        )
        if reading.used_bytes is not None:
            device.used_bytes = reading.used_bytes
        return pb.GetCapacityResponse(devices=[device], recovering=ledger.is_recovering)

    async def _seen(self, named: pb.ProcessIdentity, field: str) -> Process:
        """Return the process that is meant, as the broker sees it."""
        process = wire.process(named)
        if named.pid_namespace in (0, self._namespaces.own):
            return process
        found = await asyncio.to_thread(self._namespaces.find, process, named.pid_namespace)
        if found is None:
            raise _unseen(field)
        return found

    def _token(self, token_id: str) -> pb.VramToken:
        row = self._runtime.ledger.find(token_id)
        assert row is not None, "the ledger forgot a token that it just changed"
        if isinstance(row, TokenState):
            return wire.ended(token_id, row)
        return self._render(row)

    def _render(self, row: Grant | Waiter, measured_bytes: int | None = None) -> pb.VramToken:
        now_ms = self._runtime.now_ms()
        if isinstance(row, Waiter):
            return wire.waiting(row, now_ms)
        return wire.held(row, self._probe.device, now_ms, measured_bytes)

    def _measure(self, users_by_grant: list[tuple[Process, ...]]) -> list[int | None]:
        return [self._sum(users) for users in users_by_grant]

    def _sum(self, users: tuple[Process, ...]) -> int | None:
        readings = [self._probe.used_bytes(user) for user in users]
        known = [reading for reading in readings if reading is not None]
        return sum(known) if known else None


def _unseen(field: str) -> InvalidInput:
    return InvalidInput(
        Reason.VRAM_REQUEST_INVALID,
        "The broker cannot see a process that was named: it needs the host's process ids, and the "
        "same user as its holders.",
        metadata={"field": field},
    )


def _raise_if_refused(events: Iterable[Event]) -> None:
    for event in events:
        if isinstance(event, Refused):
            raise _error(event)


def _error(refused: Refused) -> BrickworkError:
    metadata = {"token_id": refused.token_id}
    match refused.refusal:
        case Refusal.REQUEST_INVALID:
            return InvalidInput(
                Reason.VRAM_REQUEST_INVALID, refused.message, metadata={"field": refused.field}
            )
        case Refusal.CAN_NEVER_FIT:
            return NotPossible(Reason.VRAM_CAN_NEVER_FIT, refused.message, metadata=metadata)
        case Refusal.QUEUE_FULL:
            return NoCapacity(
                Reason.VRAM_QUEUE_FULL,
                refused.message,
                metadata=metadata,
                retry_after_seconds=QUEUE_RETRY_SECONDS,
            )
        case Refusal.STALE:
            return NotPossible(Reason.VRAM_TOKEN_STALE, refused.message, metadata=metadata)
        case Refusal.UNKNOWN:
            return NotFound(Reason.VRAM_TOKEN_UNKNOWN, refused.message, metadata=metadata)
