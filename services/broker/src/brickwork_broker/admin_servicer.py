"""Answer operators: stop and resume lending, override, reclassify, tell what happened."""

from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1 import admin_pb2 as pb
from brickwork.broker.v1 import admin_pb2_grpc, broker_pb2
from brickwork_broker import wire
from brickwork_broker.audit.timeline import CHANGES_MAX, Timeline
from brickwork_broker.board import Board
from brickwork_broker.core.commands import Authority, Override, Reclassify, SetDraining
from brickwork_broker.core.token import Grant
from brickwork_broker.runtime import Runtime
from brickwork_broker.servicer import raise_if_refused
from brickwork_sdk.errors import InvalidInput, Reason

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

OPERATOR_CHARACTERS_MAX, REASON_CHARACTERS_MAX = 128, 500


class AdminServicer(admin_pb2_grpc.BrokerAdminServiceServicer):
    """Change what holders cannot; who asked and why is in the audit log.

    Args:
        runtime: owns the ledger.
        board: shows what it holds.
        timeline: the latest changes.
    """

    def __init__(self, runtime: Runtime, board: Board, timeline: Timeline) -> None:
        self._runtime = runtime
        self._board = board
        self._timeline = timeline

    async def SetDraining(
        self, request: pb.SetDrainingRequest, context: "Context"
    ) -> pb.SetDrainingResponse:
        """Stop or resume granting."""
        authority = _authority(request.authority)
        raise_if_refused(self._runtime.apply(SetDraining(request.draining, authority)))
        return pb.SetDrainingResponse()

    async def OverrideQuarantine(
        self, request: pb.OverrideQuarantineRequest, context: "Context"
    ) -> pb.OverrideQuarantineResponse:
        """Declare the bytes of a quarantined token free."""
        authority = _authority(request.authority)
        row = self._runtime.ledger.find(request.token_id)
        freed_bytes = row.granted_bytes if isinstance(row, Grant) else 0
        raise_if_refused(self._runtime.apply(Override(request.token_id, authority)))
        return pb.OverrideQuarantineResponse(freed_bytes=freed_bytes)

    async def ReprioritiseVramToken(
        self, request: pb.ReprioritiseVramTokenRequest, context: "Context"
    ) -> pb.ReprioritiseVramTokenResponse:
        """Move a waiting request to another class."""
        authority = _authority(request.authority)
        work_class = wire.said_class(request.work_class)
        if work_class is None:
            raise _invalid("work_class", "The class is one of those that there are.")
        command = Reclassify(request.token_id, work_class, authority)
        raise_if_refused(self._runtime.apply(command))
        token = self._board.token(request.token_id)
        place = token.place if token.HasField("place") else broker_pb2.QueuePlace()
        return pb.ReprioritiseVramTokenResponse(place=place)

    async def ListTransitions(
        self, request: pb.ListTransitionsRequest, context: "Context"
    ) -> pb.ListTransitionsResponse:
        """Tell what happened."""
        if not 0 <= request.limit <= CHANGES_MAX:
            raise _invalid("limit", f"At most {CHANGES_MAX} changes are told.")
        return self._timeline.latest(request.limit, self._runtime.now_ms())


def _authority(named: pb.Authority) -> Authority:
    fields = (
        ("operator", named.operator, OPERATOR_CHARACTERS_MAX),
        ("reason", named.reason, REASON_CHARACTERS_MAX),
    )
    for field, text, characters_max in fields:
        if not 0 < len(text) <= characters_max or not text.isprintable():
            raise _invalid(field, f"The {field} has 1 to {characters_max} printable characters.")
    return Authority(named.operator, named.reason)


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(Reason.ARGUMENT_INVALID, message, metadata={"field": field})
