"""Framing between a brick and its engine process: length, then JSON.

JSON and not pickle: the child decodes media that strangers sent, so whatever comes out of it is
data to be checked, never objects to be built.
"""

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
_LENGTH_BYTES = 4

Message = dict[str, Any]
_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def adapter(kind: type) -> TypeAdapter[Any]:
    """Return what checks and writes a dataclass; to make it anew costs more than to use it."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def encode(message: Mapping[str, Any]) -> bytes:
    """Frame a message of at most 16 MiB."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {len(body)} bytes is too long for the engine's socket")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def receive(connection: socket.socket) -> Message | None:
    """Read one message, blocking; None at the end of the stream."""
    head = _receive_exactly(connection, _LENGTH_BYTES)
    if head is None:
        return None
    body = _receive_exactly(connection, _checked_length(head))
    return None if body is None else _decoded(body)


async def read(reader: asyncio.StreamReader) -> Message | None:
    """Read one message; None at the end of the stream."""
    try:
        head = await reader.readexactly(_LENGTH_BYTES)
        return _decoded(await reader.readexactly(_checked_length(head)))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None


def _receive_exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        try:
            piece = connection.recv(count - len(parts))
        except ConnectionResetError:
            return None
        if not piece:
            return None
        parts += piece
    return bytes(parts)


def _checked_length(head: bytes) -> int:
    length = int.from_bytes(head, "big")
    if length > MESSAGE_BYTES_MAX:
        raise ValueError(f"the other side announced a message of {length} bytes")
    return length


def _decoded(body: bytes) -> Message:
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the other side sent something that is no message")
    return message
