"""Answer the wire's calls from the ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork.broker.v1 import broker_pb2_grpc
from brickwork_broker import wire
from brickwork_broker.access import require_own, require_secret
from brickwork_broker.board import Board
from brickwork_broker.core.commands import Release
from brickwork_broker.core.events import Event, Refusal, Refused
from brickwork_broker.core.request import Process, Workload
from brickwork_broker.core.token import Grant, Waiter
from brickwork_broker.node.probe import Finder
from brickwork_broker.runtime import Runtime
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
WATCH_SECONDS_MAX = 5.0
"""How long a watcher hears nothing while nothing changes."""


class BrokerServicer(broker_pb2_grpc.BrokerServiceServicer):
    """Lend memory over gRPC.

    Args:
        runtime: owns the ledger.
        board: shows what the ledger holds.
        finder: knows processes as the broker's machine counts them.
        needed_bytes: tells what was learned of a workload.
    """

    def __init__(
        self,
        runtime: Runtime,
        board: Board,
        finder: Finder,
        needed_bytes: Callable[[Workload], int],
    ) -> None:
        self._runtime = runtime
        self._board = board
        self._finder = finder
        self._needed_bytes = needed_bytes

    async def AcquireVramToken(
        self, request: pb.AcquireVramTokenRequest, context: "Context"
    ) -> pb.AcquireVramTokenResponse:
        """Ask for a token and wait for it."""
        require_secret(request.secret)
        self._require_own(request.token_id, request.secret)
        holder = await self._seen(request.process, "process")
        if await self._is_gone(holder):
            raise _unseen("process")
        learned_bytes = 0
        if request.guaranteed_bytes == request.ceiling_bytes == 0:
            learned_bytes = self._needed_bytes(wire.workload(request.workload))
        command = wire.acquire(request, holder, learned_bytes)
        token_id = command.request.token_id
        raise_if_refused(self._runtime.apply(command))
        await self._runtime.wait_for_grant(token_id, command.wait_ms / 1000)
        row = self._runtime.ledger.find(token_id)
        if not isinstance(row, Grant | Waiter):
            raise _waits_no_more(token_id)
        token = self._board.token(token_id)
        place = token.place if token.HasField("place") else None
        return pb.AcquireVramTokenResponse(token=token, place=place)

    async def RenewVramToken(
        self, request: pb.RenewVramTokenRequest, context: "Context"
    ) -> pb.RenewVramTokenResponse:
        """Keep a token, and hear what is wanted of it."""
        self._require_own(request.token_id, request.secret)
        users = tuple([await self._seen(user, "users") for user in request.users])
        raise_if_refused(self._runtime.apply(wire.renew(request, users)))
        token = self._board.token(request.token_id)
        return pb.RenewVramTokenResponse(
            token=token,
            wanted_back=self._runtime.ledger.has_waiters,
            demand=token.demand if token.HasField("demand") else None,
        )

    async def ReleaseVramToken(
        self, request: pb.ReleaseVramTokenRequest, context: "Context"
    ) -> pb.ReleaseVramTokenResponse:
        """Give a token back; free at once if its processes are gone already."""
        self._require_own(request.token_id, request.secret)
        raise_if_refused(self._runtime.apply(Release(request.token_id, request.epoch)))
        row = self._runtime.ledger.find(request.token_id)
        if isinstance(row, Grant):
            await self._runtime.look_at(row.users)
        return pb.ReleaseVramTokenResponse(token=self._board.token(request.token_id))

    async def ListVramTokens(
        self, request: pb.ListVramTokensRequest, context: "Context"
    ) -> pb.ListVramTokensResponse:
        """List what is held and who waits."""
        return pb.ListVramTokensResponse(tokens=self._board.tokens())

    async def GetCapacity(
        self, request: pb.GetCapacityRequest, context: "Context"
    ) -> pb.GetCapacityResponse:
        """Tell what there is and what is lent of it."""
        return self._board.capacity()

    async def WatchVramTokens(
        self, request: pb.WatchVramTokensRequest, context: "Context"
    ) -> AsyncIterator[pb.WatchVramTokensResponse]:
        """Show the board again whenever something changes."""
        seen = -1
        while True:
            seen = await self._runtime.wait_for_change(seen, WATCH_SECONDS_MAX)
            yield pb.WatchVramTokensResponse(
                tokens=self._board.tokens(), capacity=self._board.capacity()
            )

    async def ExplainWait(
        self, request: pb.ExplainWaitRequest, context: "Context"
    ) -> pb.ExplainWaitResponse:
        """Tell why a token waits."""
        row = self._runtime.ledger.find(request.token_id)
        if row is None:
            raise NotFound(
                Reason.VRAM_TOKEN_UNKNOWN,
                "No token has this id.",
                metadata={"token_id": request.token_id[:64]},
            )
        if not isinstance(row, Waiter):
            raise _waits_no_more(request.token_id)
        return self._board.explanation(row)

    def _require_own(self, token_id: str, secret: bytes) -> None:
        require_own(self._runtime.ledger.find(token_id), token_id, secret)

    async def _seen(self, named: pb.ProcessIdentity, field: str) -> Process:
        """Return the process that is meant, as the broker sees it."""
        process = wire.process(named)
        found = self._finder.recall(process, named.pid_namespace)
        if found is None:
            found = await asyncio.to_thread(self._finder.find, process, named.pid_namespace)
        if found is None:
            raise _unseen(field)
        return found

    async def _is_gone(self, process: Process) -> bool:
        """Tell whether a process has ended; a look takes a thread, and so waits for its turn."""
        is_gone = self._finder.is_gone(process)
        if is_gone is None:
            return process in (await self._runtime.look_at([process])).gone
        return is_gone


def _waits_no_more(token_id: str) -> NotPossible:
    return NotPossible(
        Reason.VRAM_TOKEN_STALE,
        "The request waits no more.",
        metadata={"token_id": token_id},
    )


def _unseen(field: str) -> InvalidInput:
    return InvalidInput(
        Reason.VRAM_REQUEST_INVALID,
        "The broker cannot see a process that was named: it needs the host's process ids, and the "
        "same user as its holders.",
        metadata={"field": field},
    )


def raise_if_refused(events: Iterable[Event]) -> None:
    """Raise the error of a command that was turned down."""
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
        case Refusal.CLOSED:
            return NoCapacity(
                Reason.STORAGE_FULL,
                refused.message,
                metadata=metadata,
                retry_after_seconds=QUEUE_RETRY_SECONDS,
            )
        case Refusal.STALE:
            return NotPossible(Reason.VRAM_TOKEN_STALE, refused.message, metadata=metadata)
        case Refusal.UNKNOWN:
            return NotFound(Reason.VRAM_TOKEN_UNKNOWN, refused.message, metadata=metadata)
