"""The broker as its operators ask it."""

from typing import Self

import grpc

from brickwork.broker.v1 import admin_pb2, admin_pb2_grpc, broker_pb2
from brickwork_cli.broker_client import RPC_SECONDS, raising
from brickwork_sdk.channels import OPTIONS
from brickwork_sdk.targets import target_of
from brickwork_sdk.vram.view import View, place_view, transition_view


class BrokerAdminClient:
    """Changes what holders cannot; each act names who does it and why.

    Args:
        address: `unix:/path` or `host:port` of the broker's service for operators.

    Raises:
        InvalidInput: ADDRESS_INVALID. Every call: BROKER_UNREACHABLE, and what its RPC names.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(target_of(address), options=OPTIONS)
        self._admin = admin_pb2_grpc.BrokerAdminServiceStub(self._channel)

    def __enter__(self) -> Self:
        """Begin to ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._channel.close()

    def history(self, limit: int) -> list[View]:
        """List what happened, the latest last."""
        request = admin_pb2.ListTransitionsRequest(limit=limit)
        with raising():
            answer = self._admin.ListTransitions(request, timeout=RPC_SECONDS)
        return [transition_view(transition) for transition in answer.transitions]

    def set_draining(self, draining: bool, authority: admin_pb2.Authority) -> None:
        """Stop or resume granting."""
        request = admin_pb2.SetDrainingRequest(authority=authority, draining=draining)
        with raising():
            self._admin.SetDraining(request, timeout=RPC_SECONDS)

    def override(self, token_id: str, authority: admin_pb2.Authority) -> int:
        """Declare the bytes of a quarantined token free; return how many."""
        request = admin_pb2.OverrideQuarantineRequest(authority=authority, token_id=token_id)
        with raising():
            return self._admin.OverrideQuarantine(request, timeout=RPC_SECONDS).freed_bytes

    def reprioritise(self, token_id: str, work_class: str, authority: admin_pb2.Authority) -> View:
        """Move a waiting request to another class; return where it stands now."""
        request = admin_pb2.ReprioritiseVramTokenRequest(
            authority=authority,
            token_id=token_id,
            work_class=broker_pb2.WorkClass.Value(f"WORK_CLASS_{work_class.upper()}"),
        )
        with raising():
            answer = self._admin.ReprioritiseVramToken(request, timeout=RPC_SECONDS)
        return place_view(answer.place)
