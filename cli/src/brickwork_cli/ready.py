"""Whether a process of the mesh answers."""

import asyncio

import grpc
import grpc.aio
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

_ASK_SECONDS = 5.0


async def answers(name: str, address: str) -> bool:
    """Ask once whether the process at this address is ready."""
    if not address:
        return True
    if name == "valkey":
        return await _valkey_answers(address)
    if address.startswith("http:"):
        return await _gateway_answers(address)
    return await _grpc_answers(address)


async def _grpc_answers(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_ASK_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _gateway_answers(address: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            answer = await client.get(f"{address}/v1/health", timeout=_ASK_SECONDS)
        except httpx.TransportError:
            return False
        return answer.is_success


async def _valkey_answers(address: str) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        async with asyncio.timeout(_ASK_SECONDS):
            return (await reader.readline()).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
