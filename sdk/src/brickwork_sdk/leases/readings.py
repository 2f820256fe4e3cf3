"""What the broker reads of a token's processes: the same that it takes for evidence."""

from typing import Self

import grpc
import grpc.aio

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.targets import target_of

RPC_SECONDS = 5.0


class Readings:
    """Asks one broker.

    Args:
        address: `unix:/path` or `host:port`.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(target_of(address))
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        """Begin to ask."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self._channel.close()

    async def used_bytes(self, token_id: str) -> int | None:
        """Return what is used under a token; None when nobody can say so now."""
        try:
            answer = await self._stub.ListVramTokens(
                broker_pb2.ListVramTokensRequest(), timeout=RPC_SECONDS
            )
        except grpc.RpcError:
            return None  # A broker that is away tells later.
        for token in answer.tokens:
            if token.token_id == token_id and token.HasField("measured_bytes"):
                return token.measured_bytes
        return None
