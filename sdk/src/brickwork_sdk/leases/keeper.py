"""The process that keeps a lease for another one: `python -m brickwork_sdk.leases.keeper`.

A notebook's kernel may sit in one call of a library for minutes, with the interpreter's lock, so
that none of its threads can renew anything or end it. This process can. It is told what to ask for
in a line of JSON, and hears in further ones that the block has been left, or what is kept; it says
in lines of JSON what happens. Its input ends with the kernel, and its lease with that.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import BrickworkError, Busy, NotPossible
from brickwork_sdk.leases.course import Step
from brickwork_sdk.leases.family import descendants, signalled
from brickwork_sdk.leases.lease import Lease, leased
from brickwork_sdk.leases.readings import Readings
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.vram import MemoryWait

LOOK_SECONDS = 1.0
"""How often the memory and the processes are looked at."""
READING_LOOKS = 5
"""How often the first reading is asked for; a probe reads twice a second."""
RESIDUE = 1 / 16
"""A block has given its lease back once no more than this of it is used beyond what the process had
before: allocators keep some for the next time."""


class Keeper:
    """Keeps one lease, from the asking until its memory is free or the user is gone.

    Args:
        user: the process that uses the memory.
        terms: what is asked for.
    """

    def __init__(self, user: int, terms: LeaseTerms) -> None:
        self._user = user
        self._terms = terms
        self._lease: Lease | None = None
        self._is_left = False

    async def keep(self, address: str) -> None:
        """Ask, hold, and give back.

        Raises:
            BrickworkError: why there is no memory; see `leases.lease.leased`.
        """
        async with leased(address, self._terms, _say_wait) as lease, Readings(address) as readings:
            self._lease = lease
            named = self._family()
            await lease.attach(*named)
            before_bytes = await _first(readings, lease.token.token_id)
            listening = asyncio.create_task(self._listen(lease))
            granted_bytes = lease.token.granted_bytes
            _say("granted", granted_bytes=granted_bytes, device=lease.token.device)
            try:
                while not lease.token.is_lost:
                    await asyncio.sleep(LOOK_SECONDS)
                    if granted_bytes != lease.token.granted_bytes:
                        granted_bytes = lease.token.granted_bytes
                        _say("resized", granted_bytes=granted_bytes)
                    if fresh := self._family() - named:
                        named |= fresh
                        with suppress(Busy, NotPossible):  # renewals tell a broker that is away
                            await lease.attach(*fresh)
                    if self._is_left and await self._is_returned(lease, readings, before_bytes):
                        return
                await listening  # which ends the user
            finally:
                listening.cancel()

    def hear(self, word: dict[str, Any]) -> None:
        """Take in what the user says."""
        self._is_left = self._is_left or "left" in word
        if "kept_bytes" in word and self._lease is not None:
            self._lease.keep(int(word["kept_bytes"]))

    def _family(self) -> set[ProcessIdentity]:
        """Name the user and the processes below it, which share its work; this one does not."""
        found = [identify(self._user), *descendants(self._user)]
        return {one for one in found if one is not None and one.pid != os.getpid()}

    async def _is_returned(self, lease: Lease, readings: Readings, before_bytes: int) -> bool:
        """Give back what is not used; tell whether the rest is what the process had before."""
        residue_bytes = round(self._terms.size_bytes * RESIDUE)
        used_bytes = await readings.used_bytes(lease.token.token_id)
        if used_bytes is None:
            return False
        kept_bytes = used_bytes + residue_bytes
        # Not for less than that: each step is written down for ever.
        if kept_bytes + residue_bytes < lease.token.granted_bytes:
            lease.keep(max(1, kept_bytes))
            return False
        return used_bytes <= before_bytes + residue_bytes

    async def _listen(self, lease: Lease) -> None:
        async for notice in lease.notices():
            _say("notice", **asdict(notice))
            if notice.step is Step.KILL:
                sys.stderr.write(f"lease: This process is ended: {notice.cause}\n")
                signalled(list(self._family()), signal.SIGKILL)
                return


async def _keep_until_left() -> None:
    """Keep a lease as long as there is a user to hear of it."""
    loop = asyncio.get_running_loop()
    words = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    asked = json.loads(await words.readline())
    address, user = asked.pop("address"), asked.pop("pid")
    terms = LeaseTerms.read(**asked | {"work_class": WorkClass(asked["work_class"])})
    keeper = Keeper(user, terms)
    keeping = asyncio.create_task(keeper.keep(address))
    hearing = asyncio.create_task(_hear(words, keeper))
    try:
        await asyncio.wait({keeping, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        keeping.cancel()
        hearing.cancel()
    await keeping


async def _hear(words: asyncio.StreamReader, keeper: Keeper) -> None:
    while word := await words.readline():
        keeper.hear(json.loads(word))


async def _first(readings: Readings, token_id: str) -> int:
    """Return what the process uses before the block; 0 where nobody can say so."""
    for _ in range(READING_LOOKS):
        used_bytes = await readings.used_bytes(token_id)
        if used_bytes is not None:
            return used_bytes
        await asyncio.sleep(LOOK_SECONDS / 2)
    return 0


def _say_wait(wait: MemoryWait) -> None:
    _say("wait", cause=wait.cause)


def _say(kind: str, **body: Any) -> None:
    with suppress(BrokenPipeError):  # the user is gone, and our input says so in a moment
        sys.stdout.write(json.dumps({"kind": kind, **body}) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Keep one lease."""
    try:
        asyncio.run(_keep_until_left())
    except asyncio.CancelledError:
        return
    except BrickworkError as error:
        _say(
            "error",
            **{"code": error.code, "reason": error.reason, "message": error.message},
            metadata=error.metadata,
        )


if __name__ == "__main__":
    main()
