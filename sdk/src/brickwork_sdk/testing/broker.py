"""A broker that does as it is told, for tests of those who ask it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.errors import BrickworkError, NotPossible, Reason
from brickwork_sdk.server import running

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]


class ScriptedBroker(broker_pb2_grpc.BrokerServiceServicer):
    """Grants everything, unless a test says otherwise.

    Attributes:
        queue: causes to answer with, one a call, before a token is granted.
        refusal: what every acquire answers; None grants.
        is_stale: whether renewals are refused.
        is_wanting: whether renewals say that others wait for memory.
        renewal_count: renewals answered so far.
        held: tokens granted and not yet released.
        users: processes attached to each token, by its id.
    """

    def __init__(self) -> None:
        self.queue: list[str] = []
        self.refusal: BrickworkError | None = None
        self.is_stale = False
        self.is_wanting = False
        self.renewal_count = 0
        self.held: dict[str, int] = {}
        self.users: dict[str, list[int]] = {}
        self._epoch = 0

    async def AcquireVramToken(
        self, request: broker_pb2.AcquireVramTokenRequest, context: "Context"
    ) -> broker_pb2.AcquireVramTokenResponse:
        """Queue, refuse or grant."""
        if self.refusal is not None:
            raise self.refusal
        if self.queue:
            return broker_pb2.AcquireVramTokenResponse(
                token=broker_pb2.VramToken(state=broker_pb2.TOKEN_STATE_QUEUED),
                place=broker_pb2.QueuePlace(position=len(self.queue), cause=self.queue.pop(0)),
            )
        self._epoch += 1
        self.held[request.token_id] = request.guaranteed_bytes
        return broker_pb2.AcquireVramTokenResponse(
            token=broker_pb2.VramToken(
                token_id=request.token_id,
                state=broker_pb2.TOKEN_STATE_GRANTED,
                granted_bytes=request.guaranteed_bytes,
                epoch=self._epoch,
                device="host",
            )
        )

    async def RenewVramToken(
        self, request: broker_pb2.RenewVramTokenRequest, context: "Context"
    ) -> broker_pb2.RenewVramTokenResponse:
        """Remember who uses the token, or call it stale."""
        if self.is_stale:
            raise NotPossible(Reason.VRAM_TOKEN_STALE, "The token is over.")
        self.renewal_count += 1
        self.users[request.token_id] = [user.pid for user in request.users]
        return broker_pb2.RenewVramTokenResponse(wanted_back=self.is_wanting)

    async def ReleaseVramToken(
        self, request: broker_pb2.ReleaseVramTokenRequest, context: "Context"
    ) -> broker_pb2.ReleaseVramTokenResponse:
        """Take the token back."""
        self.held.pop(request.token_id, None)
        return broker_pb2.ReleaseVramTokenResponse()

    async def ListVramTokens(
        self, request: broker_pb2.ListVramTokensRequest, context: "Context"
    ) -> broker_pb2.ListVramTokensResponse:
        """List what is held."""
        return broker_pb2.ListVramTokensResponse(
            tokens=[
                broker_pb2.VramToken(token_id=token_id, granted_bytes=size_bytes)
                for token_id, size_bytes in self.held.items()
            ]
        )

    async def GetCapacity(
        self, request: broker_pb2.GetCapacityRequest, context: "Context"
    ) -> broker_pb2.GetCapacityResponse:
        """Have one device that is just as large as what is held of it."""
        held_bytes = sum(self.held.values())
        device = broker_pb2.DeviceCapacity(
            device="host", capacity_bytes=held_bytes, charged_bytes=held_bytes
        )
        return broker_pb2.GetCapacityResponse(devices=[device])


@asynccontextmanager
async def scripted_broker() -> AsyncIterator[tuple[ScriptedBroker, str]]:
    """Serve a scripted broker and yield it with its address."""
    broker = ScriptedBroker()
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{Path(folder) / 'broker.sock'}"
        async with running(
            ["brickwork.broker.v1alpha1.BrokerService"],
            lambda server: broker_pb2_grpc.add_BrokerServiceServicer_to_server(broker, server),
            service="broker",
            address=address,
            drain_seconds=1.0,
        ):
            yield broker, address
