"""Keeps one process of the mesh running."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from brickwork_cli.home import Home
from brickwork_cli.mesh_state import ProcessState
from brickwork_cli.plan import ProcessPlan
from brickwork_cli.ready import answers
from brickwork_cli.settings import inherited
from brickwork_cli.silence import fallen_silent

log = logging.getLogger(__name__)

READY_SECONDS_MAX = 150.0
"""A process that does not answer by then is ended and started again."""
STOP_SECONDS = 15.0
"""A process that was asked to stop and still runs after this long is killed."""
_PAUSE_SECONDS_FIRST, _PAUSE_SECONDS_MAX = 0.2, 10.0
_STEADY_SECONDS = 30.0
"""A process that ran this long is well again: its next restart comes at once."""
_ASK_EVERY_SECONDS = 0.1
_ASKED = "restart"
_TETHER = Path(__file__).with_name("tether.py")


class Keeper:
    """Starts a process, tells when it is ready, and starts it again when it ends or falls silent.

    Attributes:
        ready: set once the process has answered for the first time.
    """

    def __init__(
        self, plan: ProcessPlan, home: Home, changed: Callable[[ProcessState], None]
    ) -> None:
        self.ready = asyncio.Event()
        self._plan = plan
        self._home = home
        self._changed = changed
        self._restarts = 0
        self._cause = ""
        self._asked = asyncio.Event()
        self._renewed: asyncio.Future[bool] | None = None

    async def restart(self) -> bool:
        """End the process as the mesh's end would, start it anew; tell whether it answers."""
        self._renewed = asyncio.get_running_loop().create_future()
        self._asked.set()
        return await self._renewed

    async def keep(self) -> None:
        """Run until cancelled, then end the process; return if it ends before it was ready."""
        pause_seconds = _PAUSE_SECONDS_FIRST
        while True:
            began = time.monotonic()
            process = await self._start()
            try:
                await self._watch(process)
            finally:
                await self._end(process)
            if not self.ready.is_set():
                return
            if time.monotonic() - began > _STEADY_SECONDS:
                pause_seconds = _PAUSE_SECONDS_FIRST
            self._restarts += 1
            self._tell(0, "restarting")
            log.warning("process_ended", extra={"part": self._plan.name, "cause": self._cause})
            if self._cause == _ASKED:
                continue
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _PAUSE_SECONDS_MAX)

    async def _start(self) -> asyncio.subprocess.Process:
        words = (sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *self._plan.command)
        with self._home.log(self._plan.name).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=inherited(self._plan.settings),
            )
        self._tell(process.pid, "starting")
        return process

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Return when the process has ended, or did not answer in time; note why."""
        name, address = self._plan.name, self._plan.address
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                while not await answers(name, address):
                    if ended.done():
                        break
                    await asyncio.sleep(_ASK_EVERY_SECONDS)
        except TimeoutError:
            self._cause = "never ready"
            self._conclude(False)
            return
        if not ended.done():
            self.ready.set()
            self._tell(process.pid, "ready")
        self._conclude(not ended.done())
        silent = asyncio.create_task(fallen_silent(name, address))
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait({ended, silent, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            silent.cancel()
            asked.cancel()
        if ended.done():
            self._cause = _how_it_ended(ended.result())
        elif asked.done():
            self._cause = _ASKED
        else:
            self._cause = "no answer"
            process.kill()  # one that is frozen hears nothing else
        self._asked.clear()

    def _conclude(self, is_ready: bool) -> None:
        """Answer who asked for a restart, unless that is still to come."""
        if self._renewed and not self._renewed.done() and not self._asked.is_set():
            self._renewed.set_result(is_ready)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _tell(self, pid: int, state: str) -> None:
        plan = self._plan
        log_path = str(self._home.log(plan.name))
        self._changed(
            ProcessState(plan.name, pid, state, self._restarts, plan.address, log_path, self._cause)
        )


def _how_it_ended(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
