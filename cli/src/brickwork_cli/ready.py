"""Whether a process of the mesh answers."""

import asyncio

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

ASK_SECONDS = 5.0
"""How long a process has to answer one question."""


async def answers(name: str, address: str) -> bool:
    """Ask once whether the process at this address is ready."""
    if not address:
        return True
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await _connected(address)
            try:
                if name == "valkey":
                    return await _valkey_answers(reader, writer)
                if address.startswith("http://"):
                    host = address.removeprefix("http://")
                    return await _gateway_answers(reader, writer, host)
                # Only now: a channel costs forty times as much, and most looks come too early.
                return await _grpc_answers(address)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def _connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def _grpc_answers(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=ASK_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _gateway_answers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
) -> bool:
    # Written by hand: to import an HTTP client would take longer than the rest of this program.
    writer.write(f"GET /v1/health/live HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    return (await reader.readline()).split()[1:2] == [b"200"]


async def _valkey_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"PING\r\n")
    return (await reader.readline()).startswith(b"+PONG")
