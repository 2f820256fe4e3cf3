"""Asking a supervisor to start a service anew, over its socket."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from brickwork_cli import supervisor
from brickwork_cli.home import Home
from brickwork_cli.restarts import Restarted, answered, ask_for_restart
from brickwork_sdk.channels import RECONNECT_SECONDS_MAX
from brickwork_sdk.errors import BrickworkError, EngineFailed, InvalidInput, NotPossible, Reason

FIRST, SECOND = Restarted("asr-1", 7, 1.5), Restarted("asr-2", 8, 2.5)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, tmp_path / "models")
    home.make()
    return home


async def restart(name: str) -> AsyncGenerator[Restarted, None]:
    if name == "asrr":
        raise InvalidInput(Reason.ARGUMENT_INVALID, "This mesh has no 'asrr'.")
    yield FIRST
    if name == "ocr":
        raise EngineFailed(Reason.MESH_START_FAILED, "ocr-2 did not become ready.")
    yield SECOND


async def asked(home: Home, name: str) -> list[Restarted]:
    return await asyncio.to_thread(lambda: list(ask_for_restart(home, name)))


async def test_each_process_is_told_as_it_is_ready_again(home: Home) -> None:
    async with answered(home, restart):
        assert await asked(home, "asr") == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("asrr", Reason.ARGUMENT_INVALID), ("ocr", Reason.MESH_START_FAILED)],
)
async def test_an_error_comes_back_whole(home: Home, name: str, reason: Reason) -> None:
    async with answered(home, restart):
        with pytest.raises(BrickworkError, match=f"{name}.*\\.") as caught:
            await asked(home, name)
    assert caught.value.reason is reason


async def test_without_a_supervisor_there_is_nobody_to_ask(home: Home) -> None:
    with pytest.raises(NotPossible) as caught:
        await asked(home, "asr")
    assert caught.value.reason is Reason.MESH_NOT_RUNNING
    async with answered(home, restart):
        pass
    with pytest.raises(NotPossible):
        await asked(home, "asr")


@pytest.mark.parametrize("request_line", [b"", b"\n", b"[]\n", b'{"restart"\n', b"a" * 100_000])
async def test_what_is_no_request_is_refused(home: Home, request_line: bytes) -> None:
    def send() -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(home.socket("supervisor").removeprefix("unix:"))
            connection.sendall(request_line)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(1000)

    async with answered(home, restart):
        assert b"ARGUMENT_INVALID" in await asyncio.to_thread(send)


async def test_a_mesh_that_ends_meanwhile_is_told(home: Home) -> None:
    begun = asyncio.Event()

    async def hang(name: str) -> AsyncGenerator[Restarted, None]:
        yield FIRST
        begun.set()
        await asyncio.Event().wait()

    async with answered(home, hang):
        asking = asyncio.create_task(asked(home, "asr"))
        await begun.wait()
    with pytest.raises(EngineFailed, match="ended before"):
        await asking


def test_replicas_go_no_sooner_than_callers_are_back() -> None:
    assert supervisor.SETTLE_SECONDS >= 1.2 * RECONNECT_SECONDS_MAX
