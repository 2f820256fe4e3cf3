"""Hold a token as a brick does: a process that really has the memory, and gives way when asked."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from brickwork_sdk.caller import Caller
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.vram import MemoryRequest, MemoryWait, VramClient, VramToken

ALLOCATOR = Path(__file__).with_name("allocator.py")
OWN_BYTES = 10 * 1024**2
"""What the process itself may take of its token; a bare interpreter has about half of it."""
LOOK_SECONDS = 0.1


@dataclass
class RealMemory:
    """A process that has memory.

    Attributes:
        process: its handle.
        identity: as the broker names it.
    """

    process: asyncio.subprocess.Process
    identity: ProcessIdentity

    @classmethod
    async def start(cls) -> "RealMemory":
        """Start a process that has nothing yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-ISE",
            ALLOCATOR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        identity = identify(process.pid)
        assert identity is not None, "a child that was not waited for has an entry"
        return cls(process, identity)

    async def take(self, size_bytes: int) -> bool:
        """Have so many bytes, itself included; return whether it lives."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(b"%d\n" % max(0, size_bytes - OWN_BYTES))
            await self.process.stdin.drain()
            return bool(await self.process.stdout.readline())
        except ConnectionError:
            return False

    async def end(self) -> None:
        """End it, and return when its memory is free."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass(frozen=True)
class Held:
    """What came of one token.

    Attributes:
        fate: `done`, `gave_way` or `lost`; `died` where its process was killed by others.
        worked_seconds: how long it worked.
    """

    fate: str
    worked_seconds: float


async def hold(
    vram: VramClient,
    request: MemoryRequest,
    caller: Caller,
    load_seconds: float,
    work_seconds: float,
    on_wait: Callable[[MemoryWait], None] = lambda _wait: None,
    on_grant: Callable[[VramToken], None] = lambda _token: None,
) -> Held:
    """Ask for memory, have it for a while, and give it back.

    Raises:
        BrickworkError: the broker refuses, or is away.
    """
    async with aclosing(vram.acquire(request, caller)) as steps:
        async for step in steps:
            if isinstance(step, VramToken):
                on_grant(step)
                return await _use(vram, step, load_seconds, work_seconds)
            on_wait(step)
    raise AssertionError("the broker ended the wait without a token")


async def _use(
    vram: VramClient, token: VramToken, load_seconds: float, work_seconds: float
) -> Held:
    memory = await RealMemory.start()
    try:
        await vram.attach(token, memory.identity)
        lives = await memory.take(token.granted_bytes)
        if load_seconds:
            await asyncio.sleep(load_seconds)
            token.use = replace(token.use, is_loading=False)
            vram.renew_now()
        began = time.monotonic()
        while lives and not token.is_lost and not token.is_recalled:
            left_seconds = began + work_seconds - time.monotonic()
            if left_seconds <= 0:
                return Held("done", work_seconds)
            if token.demand is not None and token.use.kept_bytes != token.demand.keep_bytes:
                lives = await memory.take(token.demand.keep_bytes)
                token.use = replace(token.use, kept_bytes=token.demand.keep_bytes)
                vram.renew_now()
            await asyncio.sleep(min(LOOK_SECONDS, left_seconds))
            lives = lives and memory.process.returncode is None
        fate = "lost" if token.is_lost else "gave_way" if lives else "died"
        return Held(fate, time.monotonic() - began)
    finally:
        await memory.end()
        await vram.release(token)
