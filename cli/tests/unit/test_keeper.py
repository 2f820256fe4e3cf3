"""A process that dies is started again, and one that never answers ends the start."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from brickwork_cli.home import Home
from brickwork_cli.keeper import Keeper
from brickwork_cli.mesh_state import ProcessState
from brickwork_cli.plan import ProcessPlan


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
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(second.pid, 0)


async def test_a_process_that_ends_before_it_answers_is_not_kept(tmp_path: Path) -> None:
    program = "raise SystemExit('no such setting')"
    keeper, _ = keeper_of(tmp_path, program, f"unix:{tmp_path}/none")
    await keeper.keep()
    assert not keeper.ready.is_set()
    assert "no such setting" in (tmp_path / "logs" / "toy.log").read_text()
