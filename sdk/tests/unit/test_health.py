import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from brickwork_sdk.health import main
from brickwork_sdk.server import running


@pytest.fixture
def address() -> Iterator[str]:
    with TemporaryDirectory(prefix="brickwork-") as folder:
        yield f"unix:{Path(folder) / 'test.sock'}"


async def asked(address: str) -> int:
    return await asyncio.to_thread(main, [address])


async def test_a_server_that_serves_is_healthy(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running([], lambda _: None, service="test", address=address, drain_seconds=1):
        assert await asked(address) == 0
    assert capfd.readouterr().err == ""


async def test_a_server_that_is_gone_is_not(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await asked(address) == 1
    assert capfd.readouterr().err == f"{address} does not answer: UNAVAILABLE\n"


async def test_a_server_that_takes_connections_and_says_nothing_is_not(
    address: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brickwork_sdk.health.ASK_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(address.removeprefix("unix:"))
        frozen.listen()
        assert await asked(address) == 1
    assert "does not answer" in capfd.readouterr().err


async def test_an_address_that_is_none_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert await asked("nowhere") == 1
    assert capfd.readouterr().err.startswith("The address nowhere ")
    assert await asyncio.to_thread(main, []) == 2
