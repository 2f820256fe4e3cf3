"""A program that runs under a lease: started, watched, told, and ended."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from brickwork_cli.lease_file import write_lease_file
from brickwork_cli.orphans import adopt_orphans, reap_orphans
from brickwork_sdk.errors import BrickworkError, Busy, NotPossible
from brickwork_sdk.leases.course import Notice, Step
from brickwork_sdk.leases.family import catches, descendants, signalled
from brickwork_sdk.leases.lease import Lease
from brickwork_sdk.processes import ProcessIdentity, identify, private_bytes

LOOK_SECONDS = 0.5
"""How often the program's processes are looked at; a new one is named to the broker by then."""
END_SECONDS = 5.0
"""A program that was asked to end for its own user's sake has this long until it is killed."""
GONE_SECONDS = 10.0
"""Killed processes are waited for this long: the kernel may be busy freeing their memory."""
LIMIT_MARGIN_BYTES = 256 * 1024**2
"""What a program may map beyond its lease: stacks and arenas that it reserves and does not use."""

_HERE = Path(__file__).parent
_ALONE = (sys.executable, "-I", "-S")


class LeasedProgram:
    """One program and all the processes that it starts.

    Attributes:
        ended_because: why it was ended for the sake of others; empty when it was not.

    Args:
        lease: what it runs under.
        lease_file: where it reads how the lease stands.
        tell: shows a sentence to whoever started it.
    """

    def __init__(self, lease: Lease, lease_file: Path, tell: Callable[[str], None]) -> None:
        self.ended_because = ""
        self._lease = lease
        self._lease_file = lease_file
        self._tell = tell
        self._named: set[ProcessIdentity] = set()
        self._shrinks_to: int | None = None

    async def run(self, command: list[str], variables: Mapping[str, str]) -> int:
        """Run it to its end; return its exit status, 128 and more for a signal.

        Args:
            command: the program's path, and its words.
            variables: its environment.
        """
        adopt_orphans()
        child = await self._start(command, variables)
        ending = asyncio.create_task(child.wait())
        tasks = {
            ending,
            asyncio.create_task(self._look(child.pid)),
            asyncio.create_task(self._listen()),
        }
        try:
            for done in (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]:
                done.result()  # a watch that failed ends the program, and says why
            status = await ending
            return status if status >= 0 else 128 - status
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end(child)

    async def _start(
        self, command: list[str], variables: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        """Start the program, once the broker knows its process."""
        reading, writing = os.pipe()
        tether = (*_ALONE, str(_HERE / "tether.py"), str(os.getpid()))
        words = (*_ALONE, str(_HERE / "gate.py"), str(reading), *tether, *command)
        write_lease_file(self._lease_file, self._lease)
        try:
            child = await asyncio.create_subprocess_exec(
                *words, env=dict(variables), pass_fds=[reading]
            )
        finally:
            os.close(reading)
        try:
            await self._name(child.pid)
            self._limit(child.pid, self._lease.token.granted_bytes)
            os.write(writing, b"1")
        finally:
            os.close(writing)  # without the word it ends by itself
        return child

    async def _name(self, *pids: int) -> None:
        fresh = {found for pid in pids if (found := identify(pid)) is not None} - self._named
        if fresh:
            self._named |= fresh
            await self._lease.attach(*fresh)

    def _limit(self, pid: int, size_bytes: int) -> None:
        """Let allocations beyond the lease fail inside the program, where nothing else stops them.

        A backstop for memory of the machine only, for each process by itself. A GPU's is not
        data of the process, and its driver reserves more addresses than any limit would allow.
        """
        if not self._lease.token.device.startswith("cuda"):
            limit_bytes = size_bytes + size_bytes // 8 + LIMIT_MARGIN_BYTES
            with suppress(ProcessLookupError, PermissionError):
                _, most = resource.prlimit(pid, resource.RLIMIT_DATA)
                bound = limit_bytes if most == resource.RLIM_INFINITY else min(limit_bytes, most)
                resource.prlimit(pid, resource.RLIMIT_DATA, (bound, most))

    async def _look(self, child_pid: int) -> None:
        """Name new processes, keep the file true, and hold a smaller program to what it kept."""
        while True:
            reap_orphans(besides=child_pid)
            family = descendants(os.getpid())
            # A broker that is away hears of them with the renewals, once it is back; and what is
            # over is told of by the lease itself.
            with suppress(Busy, NotPossible):
                await self._name(*(process.pid for process in family))
            self._write()
            self._see_shrunk(family)
            await asyncio.sleep(LOOK_SECONDS)

    def _see_shrunk(self, family: list[ProcessIdentity]) -> None:
        """Hold a program to less, once it has become as small as it was asked to be."""
        keep_bytes = self._shrinks_to
        if keep_bytes is None or sum(private_bytes(one.pid) for one in family) > keep_bytes:
            return
        self._shrinks_to = None
        for process in family:
            self._limit(process.pid, keep_bytes)

    async def _listen(self) -> None:
        async for notice in self._lease.notices():
            self._write()
            self._hear(notice)

    def _write(self) -> None:
        with suppress(BrickworkError):  # on a full disk the file grows old, and the program goes on
            write_lease_file(self._lease_file, self._lease)

    def _hear(self, notice: Notice) -> None:
        family = descendants(os.getpid())
        match notice.step:
            case Step.WARNING:
                self._tell(f"{notice.cause} {notice.seconds:.0f} s are left.")
            case Step.OVERTIME:
                self._tell(notice.cause)
            case Step.SHRINK:
                listening = [one for one in family if catches(one, signal.SIGUSR1)]
                if listening:
                    # Its word is given for it; the broker believes it once its reading agrees.
                    self._shrinks_to = notice.keep_bytes
                    signalled(listening, signal.SIGUSR1)
                    self._lease.keep(notice.keep_bytes)
                heard = "it was told" if listening else "it does not listen (SIGUSR1)"
                self._tell(f"Memory is asked back: {notice.cause} The program {heard}.")
            case Step.CHECKPOINT:
                self.ended_because = notice.cause
                self._tell(
                    f"The lease ends: {notice.cause} "
                    f"The program has {notice.seconds:.0f} s to keep what it has."
                )
                signalled(family, signal.SIGTERM)
            case Step.KILL:
                self.ended_because = notice.cause
                signalled(family, signal.SIGKILL)

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        """End whatever of the program still runs; return once it is gone, or cannot be ended."""
        await self._signalled_until_gone(signal.SIGTERM, END_SECONDS, child)
        await self._signalled_until_gone(signal.SIGKILL, GONE_SECONDS, child)
        reap_orphans(besides=child.pid)

    async def _signalled_until_gone(
        self, number: int, seconds: float, child: asyncio.subprocess.Process
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                asked: set[ProcessIdentity] = set()
                while family := set(descendants(os.getpid())):
                    signalled(sorted(family - asked, key=lambda one: one.pid), number)
                    asked |= family
                    reap_orphans(besides=child.pid)
                    await asyncio.sleep(0.02)
