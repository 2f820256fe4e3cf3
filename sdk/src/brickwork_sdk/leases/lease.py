"""A lease from the asking to the end, on one event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from brickwork_sdk.errors import DeadlineExceeded, NotPossible, Reason
from brickwork_sdk.leases.course import Course, Notice
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.processes import ProcessIdentity
from brickwork_sdk.spans import format_span
from brickwork_sdk.vram import MemoryWait, VramClient, VramToken

HOLDER = "lease"


class Lease:
    """Memory that is granted; whoever holds it listens to `notices` until it is done."""

    def __init__(self, client: VramClient, token: VramToken, hold_seconds: float) -> None:
        self._client = client
        self._token = token
        self._ends_at = time.monotonic() + hold_seconds
        self._course = Course(time.monotonic(), hold_seconds)
        self._changed = asyncio.Event()
        token.notify = self._changed.set

    @property
    def token(self) -> VramToken:
        """The right itself."""
        return self._token

    @property
    def hold_left_seconds(self) -> float:
        """How long it may still be kept; 0 once that is over."""
        return max(0.0, self._ends_at - time.monotonic())

    async def attach(self, *processes: ProcessIdentity) -> None:
        """Name processes that will use the memory.

        Raises:
            NotPossible: VRAM_TOKEN_STALE, the lease is over.
            Busy: BROKER_UNREACHABLE.
        """
        await self._client.attach(self._token, *processes)

    def keep(self, size_bytes: int) -> None:
        """Say that no more than this is used from now on; the rest goes back once that is seen."""
        self._token.use = replace(self._token.use, kept_bytes=size_bytes)
        self._client.renew_now()

    async def notices(self) -> AsyncIterator[Notice]:
        """Yield what its holder must hear, for as long as anybody listens."""
        while True:
            self._changed.clear()
            now = time.monotonic()
            for notice in self._course.due(now, self._token.demand, self._token.is_lost):
                yield notice
            try:
                async with asyncio.timeout(self._course.sleep_seconds(time.monotonic())):
                    await self._changed.wait()
            except TimeoutError:
                continue


@asynccontextmanager
async def leased(
    address: str, terms: LeaseTerms, tell: Callable[[MemoryWait], None]
) -> AsyncIterator[Lease]:
    """Wait for memory, and give it back at the end; its users must be gone by then.

    Args:
        address: where the broker serves.
        terms: what is asked for.
        tell: hears how the wait stands, whenever the broker says so.

    Raises:
        InvalidInput: VRAM_REQUEST_INVALID.
        NotPossible: VRAM_CAN_NEVER_FIT.
        DeadlineExceeded: DEADLINE_EXCEEDED, the time to wait for it is over.
        NoCapacity: VRAM_QUEUE_FULL, STORAGE_FULL.
        Busy: BROKER_UNREACHABLE.
    """
    client = VramClient(address, HOLDER)
    try:
        token = await _granted(client, terms, tell)
        try:
            yield Lease(client, token, terms.hold_seconds)
        finally:
            await client.release(token)
    finally:
        await client.close()


async def _granted(
    client: VramClient, terms: LeaseTerms, tell: Callable[[MemoryWait], None]
) -> VramToken:
    cause = "The broker said no more."
    try:
        async with aclosing(client.acquire(terms.request(), terms.caller)) as steps:
            async for step in steps:
                if isinstance(step, VramToken):
                    return step
                cause = step.cause
                tell(step)
    except NotPossible as error:
        if error.reason is not Reason.VRAM_TOKEN_STALE or terms.wait_seconds is None:
            raise
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED,
            f"No memory within {format_span(terms.wait_seconds)}: {cause}",
            metadata={"cause": cause},
        ) from error
    raise AssertionError("the client tells a grant, or raises why there is none")
