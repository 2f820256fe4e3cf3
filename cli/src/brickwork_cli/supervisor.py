"""Keeps a whole mesh running: `python -m brickwork_cli.supervisor READY_DESCRIPTOR`.

Started by `brickwork up` and for private meshes. One line of JSON on the descriptor tells that all
is ready, or the error why it never will be.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence

from brickwork_cli.home import Home
from brickwork_cli.keeper import READY_SECONDS_MAX, Keeper
from brickwork_cli.mesh_state import (
    MeshState,
    ProcessState,
    claimed,
    remove_state,
    write_state,
)
from brickwork_cli.plan import ProcessPlan, base_address, plan_mesh
from brickwork_cli.settings import CliSettings
from brickwork_cli.sizes import parse_size
from brickwork_cli.valkey import valkey_program
from brickwork_sdk.addresses import reserved
from brickwork_sdk.errors import BrickworkError, EngineFailed, Reason
from brickwork_sdk.logs import write_logs
from brickwork_sdk.processes import identify

log = logging.getLogger(__name__)


class Supervisor:
    """Runs the processes of one mesh and keeps its description up to date."""

    def __init__(self, home: Home, plans: Sequence[ProcessPlan], gateway: str) -> None:
        me = identify(os.getpid())
        assert me is not None, "this process runs"
        self._home = home
        self._plans = plans
        starting = tuple(
            ProcessState(plan.name, 0, "starting", 0, plan.address, str(home.log(plan.name)))
            for plan in plans
        )
        self._state = MeshState(gateway, me, starting)

    async def run(self, announce_ready: "asyncio.Future[None]") -> None:
        """Run until SIGTERM or SIGINT; `announce_ready` is fulfilled once all answer.

        Raises:
            NotPossible: MESH_RUNNING, ADDRESS_TAKEN or STORAGE_FULL.
            EngineFailed: MESH_START_FAILED, naming the process and its log.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._home.make()
        with claimed(self._home):
            with reserved(self._state.gateway.removeprefix("http://")):
                pass  # refuse a taken port before anything is started
            write_state(self._home, self._state)
            try:
                await self._run(stop, announce_ready)
            finally:
                remove_state(self._home)

    async def _run(self, stop: asyncio.Event, announce_ready: "asyncio.Future[None]") -> None:
        keepers = [Keeper(plan, self._home, self._note) for plan in self._plans]
        running = [asyncio.create_task(keeper.keep()) for keeper in keepers]
        stopping = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self._started(keepers, running))
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                announce_ready.set_result(None)
            # A keeper never ends by itself: if one does, its error ends the mesh and is seen.
            await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
            for keeper_task in running:
                if keeper_task.done():
                    keeper_task.result()
        finally:
            stopping.cancel()
            starting.cancel()
            for level in sorted({plan.level for plan in self._plans}, reverse=True):
                ending = [
                    task
                    for plan, task in zip(self._plans, running, strict=True)
                    if plan.level == level
                ]
                for task in ending:
                    task.cancel()
                await asyncio.gather(*ending, return_exceptions=True)

    async def _started(self, keepers: list[Keeper], running: list["asyncio.Task[None]"]) -> None:
        """Return once every process has answered; raise when one ended before it did."""
        for plan, keeper, task in zip(self._plans, keepers, running, strict=True):
            ready = asyncio.create_task(keeper.ready.wait())
            await asyncio.wait(
                {ready, task}, timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
            )
            ready.cancel()
            if not keeper.ready.is_set():
                raise EngineFailed(
                    Reason.MESH_START_FAILED,
                    f"{plan.name} did not become ready: {self._last_words(plan.name)}",
                    metadata={"process": plan.name, "log": str(self._home.log(plan.name))},
                )

    def _last_words(self, name: str) -> str:
        path = self._home.log(name)
        lines = path.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1][:300]} (log: {path})" if lines else f"it said nothing (log: {path})"

    def _note(self, changed: ProcessState) -> None:
        self._state = self._state.with_process(changed)
        try:
            write_state(self._home, self._state)
        except BrickworkError as error:
            # A full disk, or the folder was taken away: what runs goes on, and is told of later.
            log.warning("state_not_written", extra={"reason": error.reason.value})


def report_of(error: BrickworkError | None) -> str:
    """Render the line that tells how starting went."""
    if error is None:
        return json.dumps({"ready": True}) + "\n"
    return (
        json.dumps(
            {
                "code": error.code.name,
                "reason": error.reason.value,
                "message": error.message,
                "metadata": error.metadata,
            }
        )
        + "\n"
    )


async def main(descriptor: int) -> int:
    """Supervise until asked to end."""
    settings = CliSettings.load()
    write_logs("supervisor", "INFO")
    with os.fdopen(descriptor, "w") as channel:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def announce(_: "asyncio.Future[None]") -> None:
            channel.write(report_of(None))
            channel.close()

        ready.add_done_callback(announce)
        try:
            home = Home(settings.home.absolute(), settings.models.absolute())
            capacity_bytes = parse_size(settings.capacity) if settings.capacity else None
            plans = plan_mesh(
                home, valkey_program(), settings.port, settings.engine, capacity_bytes
            )
            await Supervisor(home, plans, base_address(settings.port)).run(ready)
        except BrickworkError as error:
            log.error("mesh_failed", extra={"reason": error.reason.value})
            if not ready.done():
                channel.write(report_of(error))
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(int(sys.argv[1]))))
