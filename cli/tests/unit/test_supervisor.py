"""The supervisor on a disk that fills up."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from brickwork_cli.home import Home
from brickwork_cli.mesh_state import read_state
from brickwork_cli.plan import ProcessPlan
from brickwork_cli.supervisor import Supervisor
from brickwork_sdk.errors import BrickworkError, Reason


@pytest.fixture
def gateway() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def shown(home: Home) -> str:
    state = read_state(home)
    assert state is not None
    return state.processes[0].state


async def test_a_disk_that_fills_up_ends_no_mesh(tmp_path: Path, gateway: str) -> None:
    home = Home(tmp_path, tmp_path / "models")
    first = ProcessPlan("first", 0, ("/bin/sleep", "600"))
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(Supervisor(home, [first], gateway).run(ready))
    await asyncio.sleep(0)  # its description is there now
    (home.run / "mesh.new").symlink_to("/dev/full")
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    assert ready.done()
    assert shown(home) == "starting"
    (home.run / "mesh.new").unlink()
    async with asyncio.timeout(30):
        while shown(home) != "ready":  # noqa: ASYNC110 - it is a file
            await asyncio.sleep(0.1)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_disk_that_is_full_lets_no_mesh_begin(tmp_path: Path, gateway: str) -> None:
    home = Home(tmp_path, tmp_path / "models")
    home.make()
    (home.run / "mesh.new").symlink_to("/dev/full")
    with pytest.raises(BrickworkError) as caught:
        await Supervisor(home, [], gateway).run(asyncio.get_running_loop().create_future())
    assert caught.value.reason is Reason.STORAGE_FULL
