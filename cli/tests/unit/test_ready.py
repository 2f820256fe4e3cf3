"""A look at a process: cheap while nobody listens, and only the right answer counts."""

import asyncio
from pathlib import Path

import pytest

from brickwork_cli.ready import answers

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


async def said(answer: bytes) -> tuple[asyncio.Server, str, "asyncio.Future[bytes]"]:
    """Serve one fixed answer on a free port of the loopback address."""
    asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@pytest.mark.parametrize(("answer", "is_ready"), [(OK, True), (BROKEN, False), (b"", False)])
async def test_a_gateway_is_ready_once_its_health_is_answered(
    answer: bytes, is_ready: bool
) -> None:
    server, address, asked = await said(answer)
    async with server:
        assert await answers("gateway", f"http://{address}") is is_ready
    assert b"GET /v1/health/live HTTP/1.0" in await asked
    assert f"Host: {address}".encode() in await asked


@pytest.mark.parametrize("name", ["valkey", "asr", "gateway"])
async def test_where_nobody_listens_nothing_is_ready(name: str, tmp_path: Path) -> None:
    address = "http://127.0.0.1:1" if name == "gateway" else f"unix:{tmp_path}/none.sock"
    assert not await answers(name, address)
