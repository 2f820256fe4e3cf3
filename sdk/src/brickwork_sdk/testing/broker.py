"""A broker that does as it is told, for tests of those who ask it."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.durations import to_duration
from brickwork_sdk.errors import BrickworkError, Denied, NotPossible, Reason
from brickwork_sdk.server import running

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]


class ScriptedBroker(broker_pb2_grpc.BrokerServiceServicer):
    """Grants everything at its ceiling, unless a test says otherwise.

    Attributes:
        queue: causes to answer with, one a call, before a token is granted.
        refusal: what every acquire answers; None grants.
        is_stale: whether renewals are refused.
        is_wanting: whether renewals say that others wait for memory.
        demand: what every renewal asks of its holder; None asks nothing.
        asked: every request for a token, by its id, the oldest first.
        renewals: what the last renewal of each token said.
        renewal_count: renewals answered so far.
        held: bytes of the tokens that are granted and not yet released.
        users: processes attached to each token, by its id.
        measured_bytes: what the processes of every token are seen to use.
        memory: what watchers are told, once and again with each `tell`.
        explanation: why every token waits.
    """

    def __init__(self) -> None:
        self.queue: list[str] = []
        self.refusal: BrickworkError | None = None
        self.is_stale = False
        self.is_wanting = False
        self.demand: broker_pb2.Demand | None = None
        self.asked: dict[str, broker_pb2.AcquireVramTokenRequest] = {}
        self.renewals: dict[str, broker_pb2.RenewVramTokenRequest] = {}
        self.renewal_count = 0
        self.held: dict[str, int] = {}
        self.users: dict[str, list[int]] = {}
        self.measured_bytes = 0
        self.memory = broker_pb2.WatchVramTokensResponse()
        self.explanation = broker_pb2.ExplainWaitResponse()
        self._told = asyncio.Event()
        self._epoch = 0

    def tell(self, memory: broker_pb2.WatchVramTokensResponse) -> None:
        """Tell all who watch."""
        self.memory = memory
        self._told.set()
        self._told = asyncio.Event()

    def ask_back(self, keep_bytes: int = 0, within_seconds: float = 20.0) -> None:
        """Ask every holder for memory from now on; a token that has shrunk to that is left alone.

        Args:
            keep_bytes: what it may keep; 0 asks for all of it.
            within_seconds: how long it has; nothing happens here once that is over.
        """
        self.demand = broker_pb2.Demand(
            keep_bytes=keep_bytes,
            within=to_duration(within_seconds),
            cause="An interactive call waits for this memory.",
        )

    async def AcquireVramToken(
        self, request: broker_pb2.AcquireVramTokenRequest, context: "Context"
    ) -> broker_pb2.AcquireVramTokenResponse:
        """Queue, refuse or grant."""
        if self.refusal is not None:
            raise self.refusal
        self.asked[request.token_id] = request
        if self.queue:
            return broker_pb2.AcquireVramTokenResponse(
                token=broker_pb2.VramToken(state=broker_pb2.TOKEN_STATE_QUEUED),
                place=broker_pb2.QueuePlace(position=len(self.queue), cause=self.queue.pop(0)),
            )
        self._epoch += 1
        self.held[request.token_id] = request.ceiling_bytes
        return broker_pb2.AcquireVramTokenResponse(
            token=broker_pb2.VramToken(
                token_id=request.token_id,
                state=broker_pb2.TOKEN_STATE_GRANTED,
                granted_bytes=request.ceiling_bytes,
                epoch=self._epoch,
                device="host",
            )
        )

    async def RenewVramToken(
        self, request: broker_pb2.RenewVramTokenRequest, context: "Context"
    ) -> broker_pb2.RenewVramTokenResponse:
        """Remember what is said of the token, or call it stale."""
        self._require_secret(request.token_id, request.secret)
        if self.is_stale:
            raise NotPossible(Reason.VRAM_TOKEN_STALE, "The token is over.")
        self.renewal_count += 1
        self.renewals[request.token_id] = request
        self.users[request.token_id] = [user.pid for user in request.users]
        if request.kept_bytes and request.token_id in self.held:
            self.held[request.token_id] = request.kept_bytes
        granted_bytes = self.held.get(request.token_id, 0)
        answer = broker_pb2.RenewVramTokenResponse(
            token=broker_pb2.VramToken(token_id=request.token_id, granted_bytes=granted_bytes),
            wanted_back=self.is_wanting,
        )
        if self.demand is not None and self.demand.keep_bytes < granted_bytes:
            answer.demand.CopyFrom(self.demand)
        return answer

    async def ReleaseVramToken(
        self, request: broker_pb2.ReleaseVramTokenRequest, context: "Context"
    ) -> broker_pb2.ReleaseVramTokenResponse:
        """Take the token back."""
        self._require_secret(request.token_id, request.secret)
        self.held.pop(request.token_id, None)
        return broker_pb2.ReleaseVramTokenResponse()

    async def ListVramTokens(
        self, request: broker_pb2.ListVramTokensRequest, context: "Context"
    ) -> broker_pb2.ListVramTokensResponse:
        """List what is held."""
        return broker_pb2.ListVramTokensResponse(
            tokens=[
                broker_pb2.VramToken(
                    token_id=token_id,
                    granted_bytes=size_bytes,
                    measured_bytes=self.measured_bytes,
                )
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

    async def WatchVramTokens(
        self, request: broker_pb2.WatchVramTokensRequest, context: "Context"
    ) -> AsyncIterator[broker_pb2.WatchVramTokensResponse]:
        """Tell how things stand, now and whenever a test says so."""
        while True:
            told = self._told
            yield self.memory
            await told.wait()

    async def ExplainWait(
        self, request: broker_pb2.ExplainWaitRequest, context: "Context"
    ) -> broker_pb2.ExplainWaitResponse:
        """Explain every wait in the same way."""
        return self.explanation

    def _require_secret(self, token_id: str, secret: bytes) -> None:
        asked = self.asked.get(token_id)
        if asked is not None and asked.secret != secret:
            raise Denied(Reason.VRAM_TOKEN_FOREIGN, "The token is another holder's.")


@asynccontextmanager
async def scripted_broker() -> AsyncIterator[tuple[ScriptedBroker, str]]:
    """Serve a scripted broker and yield it with its address."""
    broker = ScriptedBroker()
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{Path(folder) / 'broker.sock'}"
        async with running(
            ["brickwork.broker.v1.BrokerService"],
            lambda server: broker_pb2_grpc.add_BrokerServiceServicer_to_server(broker, server),
            service="broker",
            address=address,
            drain_seconds=1.0,
        ):
            yield broker, address


@contextmanager
def threaded_broker() -> Iterator[tuple[ScriptedBroker, str]]:
    """Serve a scripted broker on a thread of its own, for callers that block theirs."""
    served: Future[tuple[ScriptedBroker, str]] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with scripted_broker() as found:
            served.set_result(found)
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield served.result(10.0)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
