"""The object store on the wire: how a direct caller brings more than 1 MiB."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.objects.v1 import objects_pb2, objects_pb2_grpc
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.objects import ObjectStore

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = objects_pb2.DESCRIPTOR.services_by_name["ObjectsService"].full_name
PUT_CHUNK_BYTES_MAX = 1024 * 1024
GET_CHUNK_BYTES = 64 * 1024
READ_BYTES = 16 * GET_CHUNK_BYTES
"""Read at once: a step into a thread costs more than the reading."""


class ObjectsServicer(objects_pb2_grpc.ObjectsServiceServicer):
    """Stores and sends objects."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def PutObject(
        self,
        request_iterator: AsyncIterator[objects_pb2.PutObjectRequest],
        context: "Context",
    ) -> objects_pb2.PutObjectResponse:
        """Store an object."""
        header = None
        async for first in request_iterator:
            header = first.header if first.WhichOneof("part") == "header" else None
            break
        if header is None:
            raise _out_of_order("The first message of an upload must be its header.")
        return objects_pb2.PutObjectResponse(
            object=await self._store.put(_chunks(request_iterator), header)
        )

    async def GetObject(
        self, request: objects_pb2.GetObjectRequest, context: "Context"
    ) -> AsyncIterator[objects_pb2.GetObjectResponse]:
        """Send an object in chunks."""
        with self._store.path(request.object).open("rb") as file:
            while run := await asyncio.to_thread(file.read, READ_BYTES):
                for at in range(0, len(run), GET_CHUNK_BYTES):
                    chunk = run[at : at + GET_CHUNK_BYTES]
                    yield objects_pb2.GetObjectResponse(chunk=chunk)


async def _chunks(
    requests: AsyncIterator[objects_pb2.PutObjectRequest],
) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("part") != "chunk":
            raise _out_of_order("After the header of an upload only chunks may come.")
        if len(request.chunk) > PUT_CHUNK_BYTES_MAX:
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"A chunk may have {PUT_CHUNK_BYTES_MAX:,} bytes at most.",
                metadata={"field": "chunk", "chunk_bytes_max": str(PUT_CHUNK_BYTES_MAX)},
            )
        yield request.chunk


def _out_of_order(message: str) -> InvalidInput:
    return InvalidInput(Reason.STREAM_ORDER_INVALID, message)
