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
import time
from collections.abc import AsyncGenerator, Sequence

from brickwork_cli.home import Home
from brickwork_cli.keeper import READY_SECONDS_MAX, Keeper
from brickwork_cli.mesh_state import (
    MeshState,
    ProcessState,
    claimed,
    remove_state,
    write_state,
)
from brickwork_cli.observed import observed, targets_path, write_targets
from brickwork_cli.plan import SCALABLE, ProcessPlan, base_address, plan_mesh
from brickwork_cli.restarts import Restarted, answered
from brickwork_cli.scale import parse_scale
from brickwork_cli.settings import CliSettings
from brickwork_cli.valkey import valkey_program
from brickwork_sdk.addresses import reserved
from brickwork_sdk.errors import BrickworkError, EngineFailed, InvalidInput, Reason
from brickwork_sdk.logs import write_logs
from brickwork_sdk.processes import identify
from brickwork_sdk.sizes import parse_size

log = logging.getLogger(__name__)

_REWRITE_SECONDS = 2.0
"""How soon a description that could not be written is tried again."""

SETTLE_SECONDS = 2.5
"""Pause between two replicas that are started anew: by then every caller has come back to the one
that was away, since a channel looks again after two seconds, give or take a fifth."""


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
        self._rewriting: asyncio.TimerHandle | None = None
        self._keepers = [Keeper(plan, home, self._note) for plan in plans]
        self._restarting = asyncio.Lock()

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
            write_targets(self._home, self._plans)
            try:
                await self._run(stop, announce_ready)
            finally:
                remove_state(self._home)
                targets_path(self._home).unlink(missing_ok=True)

    async def _run(self, stop: asyncio.Event, announce_ready: "asyncio.Future[None]") -> None:
        running = [asyncio.create_task(keeper.keep()) for keeper in self._keepers]
        stopping = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self._started(running))
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                announce_ready.set_result(None)
            # A keeper never ends by itself: if one does, its error ends the mesh and is seen.
            async with answered(self._home, self._restart):
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

    async def _started(self, running: list["asyncio.Task[None]"]) -> None:
        """Return once every process has answered; raise when one ended before it did."""
        for plan, keeper, task in zip(self._plans, self._keepers, running, strict=True):
            ready = asyncio.create_task(keeper.ready.wait())
            await asyncio.wait(
                {ready, task}, timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
            )
            ready.cancel()
            if not keeper.ready.is_set():
                raise self._not_ready(plan.name)

    async def _restart(self, name: str) -> AsyncGenerator[Restarted, None]:
        """Start a service anew, or one process, each ready and found before the next one goes."""
        pairs = list(zip(self._plans, self._keepers, strict=True))
        chosen = [pair for pair in pairs if name in (pair[0].name, pair[0].service)]
        if not chosen:
            known = ", ".join(dict.fromkeys(plan.service for plan in self._plans))
            raise InvalidInput(
                Reason.ARGUMENT_INVALID, f"This mesh has no {name[:64]!r}; it has: {known}."
            )
        async with self._restarting:
            for number, (plan, keeper) in enumerate(chosen):
                if number:
                    await asyncio.sleep(SETTLE_SECONDS)
                began = time.monotonic()
                if not await keeper.restart():
                    raise self._not_ready(plan.name)
                pid = next(one.pid for one in self._state.processes if one.name == plan.name)
                yield Restarted(plan.name, pid, round(time.monotonic() - began, 3))

    def _not_ready(self, name: str) -> EngineFailed:
        return EngineFailed(
            Reason.MESH_START_FAILED,
            f"{name} did not become ready: {self._last_words(name)}",
            metadata={"process": name, "log": str(self._home.log(name))},
        )

    def _last_words(self, name: str) -> str:
        path = self._home.log(name)
        lines = path.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1][:300]} (log: {path})" if lines else f"it said nothing (log: {path})"

    def _note(self, changed: ProcessState) -> None:
        self._state = self._state.with_process(changed)
        self._write()

    def _write(self) -> None:
        if self._rewriting is not None:
            self._rewriting.cancel()
        try:
            write_state(self._home, self._state)
        except BrickworkError as error:
            # A full disk, or the folder was taken away: what runs goes on, and is told of later.
            log.warning("state_not_written", extra={"reason": error.reason.value})
            loop = asyncio.get_running_loop()
            self._rewriting = loop.call_later(_REWRITE_SECONDS, self._write)


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
                home,
                valkey_program(),
                settings.port,
                settings.engine,
                capacity_bytes,
                parse_scale(settings.scale, SCALABLE),
            )
            plans = observed(plans, settings.metrics_port, settings.otlp_endpoint)
            await Supervisor(home, plans, base_address(settings.port)).run(ready)
        except BrickworkError as error:
            log.error("mesh_failed", extra={"reason": error.reason.value})
            if not ready.done():
                channel.write(report_of(error))
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(int(sys.argv[1]))))
