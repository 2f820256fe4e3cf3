"""A process that dies is started again, and one that never answers ends the start."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from brickwork_cli import ready, silence
from brickwork_cli.home import Home
from brickwork_cli.keeper import Keeper
from brickwork_cli.mesh_state import ProcessState
from brickwork_cli.plan import ProcessPlan

HTTP_SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", {}), Handler).serve_forever()
"""


def keeper_of(
    tmp_path: Path, program: str, address: str = ""
) -> tuple[Keeper, "asyncio.Queue[ProcessState]"]:
    home = Home(tmp_path, tmp_path / "models")
    home.make()
    states: asyncio.Queue[ProcessState] = asyncio.Queue()
    plan = ProcessPlan("toy", 0, (sys.executable, "-c", program), address=address)
    return Keeper(plan, home, states.put_nowait), states


async def next_ready(states: "asyncio.Queue[ProcessState]") -> ProcessState:
    while (state := await states.get()).state != "ready":
        pass
    return state


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    keeper, states = keeper_of(tmp_path, "import signal; signal.pause()")
    keeping = asyncio.create_task(keeper.keep())
    first = await next_ready(states)
    os.kill(first.pid, signal.SIGKILL)
    second = await next_ready(states)
    assert (first.restarts, second.restarts) == (0, 1)
    assert first.pid != second.pid
    assert second.cause == "SIGKILL"
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(second.pid, 0)


async def test_a_process_is_started_anew_when_asked(tmp_path: Path) -> None:
    keeper, states = keeper_of(tmp_path, "import signal; signal.pause()")
    keeping = asyncio.create_task(keeper.keep())
    first = await next_ready(states)
    async with asyncio.timeout(30):
        assert await keeper.restart()
    second = await next_ready(states)
    assert (second.restarts, second.cause) == (1, "restart")
    assert first.pid != second.pid
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_process_that_does_not_come_back_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    only_once = f"open({str(tmp_path / 'begun')!r}, 'x')\n" + HTTP_SERVER.format(port)
    keeper, states = keeper_of(tmp_path, only_once, f"http://127.0.0.1:{port}")
    keeping = asyncio.create_task(keeper.keep())
    try:
        async with asyncio.timeout(60):
            await next_ready(states)
            assert not await keeper.restart()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_process_that_freezes_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "LOOK_EVERY_SECONDS", 1.0)
    monkeypatch.setattr(ready, "ASK_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    keeper, states = keeper_of(tmp_path, HTTP_SERVER.format(port), f"http://127.0.0.1:{port}")
    keeping = asyncio.create_task(keeper.keep())
    try:
        async with asyncio.timeout(60):
            first = await next_ready(states)
            os.kill(first.pid, signal.SIGSTOP)
            second = await next_ready(states)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert (first.restarts, second.restarts) == (0, 1)
    assert second.cause == "no answer"
    assert first.pid != second.pid


async def test_a_process_that_ends_before_it_answers_is_not_kept(tmp_path: Path) -> None:
    program = "raise SystemExit('no such setting')"
    keeper, _ = keeper_of(tmp_path, program, f"unix:{tmp_path}/none")
    await keeper.keep()
    assert not keeper.ready.is_set()
    assert "no such setting" in (tmp_path / "logs" / "toy.log").read_text()
