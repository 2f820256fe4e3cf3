"""A lease inside the process that uses it, such as a notebook's kernel."""

import _thread
import asyncio
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Self

from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    EngineFailed,
    InvalidInput,
    NotPossible,
    Reason,
)
from brickwork_sdk.leases.course import Notice, Step
from brickwork_sdk.leases.family import descendants, signalled
from brickwork_sdk.leases.lease import Lease, leased
from brickwork_sdk.leases.readings import Readings
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.processes import ProcessIdentity, identify
from brickwork_sdk.settings import GpuSettings
from brickwork_sdk.vram import MemoryWait

LOOK_SECONDS = 1.0
"""How often the memory and the processes are looked at."""
READING_LOOKS = 5
"""How often the first reading is asked for; a probe reads twice a second."""
RESIDUE = 1 / 16
"""A block has given its lease back once no more than this of it is used beyond what the process had
before: allocators keep some for the next time."""
END_SECONDS = 15.0
"""How long the end of the process waits for the lease's."""


class NotebookLease:
    """Memory for the block of a `with`, held by threads of its own.

    Nothing here needs the caller's event loop or attention: a blocked cell loses no lease. What a
    block leaves behind stays leased until it is freed, or until this process ends: a promise to
    have freed something is no evidence.

    Attributes:
        granted_bytes: how much may be used.
        device: of what, such as host or cuda:0.
        hold_left_seconds: how long it may still be kept; 0 once that is over.
    """

    def __init__(
        self,
        address: str,
        terms: LeaseTerms,
        on_warning: Callable[[float], object] | None,
        on_shrink: Callable[[int], object] | None,
        on_checkpoint: Callable[[float], object] | None,
    ) -> None:
        self._address = address
        self._terms = terms
        self._on_warning = on_warning
        self._on_shrink = on_shrink
        self._on_checkpoint = on_checkpoint
        self._granted: Future[Lease] = Future()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = threading.Event()
        self._ended_because = ""
        self._said = ""

    @property
    def granted_bytes(self) -> int:
        """How much may be used now; it falls when some of it is given back."""
        return self._lease.token.granted_bytes

    @property
    def device(self) -> str:
        """Of what, such as host or cuda:0."""
        return self._lease.token.device

    @property
    def hold_left_seconds(self) -> float:
        """How long it may still be kept; 0 once that is over."""
        return self._lease.hold_left_seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is held any more, and nobody renews it."""
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        """Wait for the memory, and say meanwhile why it takes so long.

        Raises:
            BrickworkError: why there is none; see `leases.lease.leased`.
        """
        self._thread.start()
        atexit.register(self._end)
        try:
            self._granted.result()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what the block no longer uses.

        Raises:
            Busy: VRAM_REVOKED, the block was interrupted because others need the memory.
        """
        self._left.set()
        if self._ended_because and isinstance(error, KeyboardInterrupt):
            raise Busy(
                Reason.VRAM_REVOKED, f"The lease was ended for others: {self._ended_because}"
            ) from error

    @property
    def _lease(self) -> Lease:
        if not self._granted.done():
            raise EngineFailed(Reason.UNEXPECTED, "The lease is used before it was entered.")
        return self._granted.result()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._live())
        atexit.unregister(self._end)

    def _end(self) -> None:
        """End the thread, and with it the lease."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._living.cancel)
        self._thread.join(END_SECONDS)

    async def _live(self) -> None:
        """Hold the lease from the asking until its memory is free."""
        living = asyncio.current_task()
        assert living is not None, "this runs as a task"
        self._living, self._loop = living, asyncio.get_running_loop()
        try:
            async with (
                leased(self._address, self._terms, self._hear_wait) as lease,
                Readings(self._address) as readings,
            ):
                await self._hold(lease, readings)
        except BaseException as error:
            if not self._granted.done():
                self._granted.set_exception(error)
            elif isinstance(error, BrickworkError):
                _tell(error.message)
            else:
                raise

    async def _hold(self, lease: Lease, readings: Readings) -> None:
        token_id, named = lease.token.token_id, _family()
        await lease.attach(*named)
        before_bytes = await _first(readings, token_id)
        listening = asyncio.create_task(self._listen(lease))
        self._granted.set_result(lease)
        try:
            while not lease.token.is_lost:
                await asyncio.sleep(LOOK_SECONDS)
                if fresh := _family() - named:
                    named |= fresh
                    with suppress(Busy, NotPossible):  # renewals tell a broker that is away
                        await lease.attach(*fresh)
                if self._left.is_set() and await self._is_returned(lease, readings, before_bytes):
                    return
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _is_returned(self, lease: Lease, readings: Readings, before_bytes: int) -> bool:
        """Give back what is not used; tell whether the rest is what the process had before."""
        residue_bytes = round(self._terms.size_bytes * RESIDUE)
        used_bytes = await readings.used_bytes(lease.token.token_id)
        if used_bytes is None:
            return False
        kept_bytes = used_bytes + residue_bytes
        if kept_bytes < lease.token.granted_bytes:
            lease.keep(max(1, kept_bytes))
            return False
        return used_bytes <= before_bytes + residue_bytes

    async def _listen(self, lease: Lease) -> None:
        async for notice in lease.notices():
            self._hear(lease, notice)

    def _hear_wait(self, wait: MemoryWait) -> None:
        if wait.cause != self._said:
            self._said = wait.cause
            _tell(wait.cause)

    def _hear(self, lease: Lease, notice: Notice) -> None:
        """Act on a notice; hooks run on threads of their own, so that none delays the next."""
        match notice.step:
            case Step.WARNING:
                _tell(f"{notice.cause} {notice.seconds:.0f} s are left.")
                if self._on_warning is not None:
                    _start(self._on_warning, notice.seconds)
            case Step.OVERTIME:
                _tell(notice.cause)
            case Step.SHRINK:
                _tell(f"Memory is asked back: {notice.cause}")
                if self._on_shrink is not None:
                    _start(self._shrink, lease, self._on_shrink, notice.keep_bytes)
            case Step.CHECKPOINT:
                self._ended_because = notice.cause
                _tell(f"The lease ends in {notice.seconds:.0f} s: {notice.cause}")
                _start(self._checkpoint, notice.seconds)
            case Step.KILL:
                _tell(f"This process is ended, for its memory is needed: {notice.cause}")
                signalled(descendants(os.getpid()), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)

    def _shrink(self, lease: Lease, shrink: Callable[[int], object], keep_bytes: int) -> None:
        shrink(keep_bytes)
        lease.keep(keep_bytes)

    def _checkpoint(self, seconds: float) -> None:
        """Let the user keep what is worth it, then interrupt the block as Control-C does."""
        if self._on_checkpoint is not None:
            self._on_checkpoint(seconds)
        if not self._left.is_set():
            _thread.interrupt_main()


def lease(
    size: str,
    *,
    hold: str = "60m",
    least: str | None = None,
    wait: str | None = None,
    purpose: str = "notebook",
    work_class: str = WorkClass.NOTEBOOK.value,
    tenant: str = "default",
    broker: str = "",
    on_warning: Callable[[float], object] | None = None,
    on_shrink: Callable[[int], object] | None = None,
    on_checkpoint: Callable[[float], object] | None = None,
) -> NotebookLease:
    """Ask for memory for the block of a `with`; the block begins once it is granted.

    Args:
        size: how much, such as `8GiB`.
        hold: for how long; over that it goes on as long as nobody else waits.
        least: how much is of use still; give it together with `on_shrink`.
        wait: how long to wait for it; None for as long as it takes.
        purpose: what it is for, as others read it.
        work_class: `interactive`, `batch`, `notebook` or `best_effort`.
        tenant: who it is for.
        broker: where the broker serves; empty takes the setting BRICKWORK_GPU_BROKER.
        on_warning: called with the seconds that are left, before the time is over.
        on_shrink: called with the bytes that may be kept; it frees the rest before it returns.
        on_checkpoint: called with the seconds until this process is killed; the block is
            interrupted once it has returned.

    Raises:
        InvalidInput: ARGUMENT_INVALID, SETTING_INVALID; the metadata names the field.
    """
    if work_class not in set(WorkClass):
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"A class of work is one of {', '.join(WorkClass)}, and not {work_class!r}.",
            metadata={"field": "work_class"},
        )
    terms = LeaseTerms.read(
        size,
        hold,
        least=least,
        wait=wait,
        purpose=purpose,
        work_class=WorkClass(work_class),
        tenant=tenant,
    )
    address = broker or GpuSettings.load().broker
    return NotebookLease(address, terms, on_warning, on_shrink, on_checkpoint)


def _family() -> set[ProcessIdentity]:
    """Name this process and those below it, which share its work."""
    me = identify(os.getpid())
    return {*([me] if me is not None else []), *descendants(os.getpid())}


async def _first(readings: Readings, token_id: str) -> int:
    """Return what the process uses before the block; 0 where nobody can say so."""
    for _ in range(READING_LOOKS):
        used_bytes = await readings.used_bytes(token_id)
        if used_bytes is not None:
            return used_bytes
        await asyncio.sleep(LOOK_SECONDS / 2)
    return 0


def _start(act: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=act, args=arguments, name="lease-hook", daemon=True).start()


def _tell(sentence: str) -> None:
    """Tell the person at the notebook, who has no other place to look at."""
    sys.stderr.write(f"lease: {sentence}\n")
    sys.stderr.flush()
