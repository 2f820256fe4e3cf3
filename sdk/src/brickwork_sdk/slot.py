"""The model slot: token, load, count users, unload when idle, token back."""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from brickwork_sdk.caller import Caller
from brickwork_sdk.cuda import unavailable
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.errors import BrickworkError, EngineFailed, Reason
from brickwork_sdk.models import CatalogueEntry, Model
from brickwork_sdk.telemetry.metrics import LOAD_CAUSES, MODEL_LOAD_SECONDS, MODEL_LOADS
from brickwork_sdk.vram import MemoryWait, VramClient, VramToken

log = logging.getLogger(__name__)

LOAD_SECONDS_MAX = 300.0
"""A model that is not loaded by then never will be; its process is killed."""
DRAIN_SECONDS_MAX = 30.0
"""Running calls have this long to end once their model is to go; then they fail, to be repeated."""
WANTED_IDLE_SECONDS = 1.0
"""After so long without a call a model goes while others wait for memory; the calls of one job may
follow each other within that."""


class SlotState(StrEnum):
    """Where a slot stands."""

    EMPTY = "empty"
    WAITING = "waiting"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True)
class ModelWait:
    """The model is being loaded; the cause is a sentence that a user can read."""

    cause: str


Notice = MemoryWait | ModelWait | EngineProcess


@dataclass(eq=False)
class _Visitor:
    """A call at the door of a slot, or inside it."""

    caller: Caller
    notices: asyncio.Queue[Notice | BrickworkError] = field(default_factory=asyncio.Queue)
    inside: bool = False


class ModelSlot:
    """Keeps one model loaded while it is used; one task owns every change of state.

    EMPTY → WAITING (somebody wants in, a token is asked for) → LOADING (granted) → READY →
    DRAINING (idle, asked to unload, token lost, or process dead) → EMPTY (token back).

    Attributes:
        entry: which model.
        state: where the slot stands.
        user_count: calls that use the engine now.
        load_seconds: how long the last load took; None before the first one.
        model: the verified model; None before the first load.
        process: the engine from LOADING to DRAINING.
        granted_bytes: what the token grants; 0 without one.
    """

    def __init__(
        self,
        entry: CatalogueEntry,
        find_model: Callable[[str], Model],
        vram: VramClient,
        engine_options: Mapping[str, str],
        idle_unload_seconds: float,
    ) -> None:
        self.entry = entry
        self.state = SlotState.EMPTY
        self.user_count = 0
        self.load_seconds: float | None = None
        self.model: Model | None = None
        self.process: EngineProcess | None = None
        self.granted_bytes = 0
        self._find_model = find_model
        self._vram = vram
        self._engine_options = engine_options
        self._idle_unload_seconds = idle_unload_seconds
        self._waiting: list[_Visitor] = []
        self._changed = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._unload_asked = False
        self._absent_because = "first"
        for cause in LOAD_CAUSES:
            MODEL_LOADS.labels(entry.name, cause)  # told from 0 on, so that the first one is seen
        self._owner: asyncio.Task[None] | None = None

    @property
    def waiting_count(self) -> int:
        """Calls that wait for the engine now."""
        return len(self._waiting)

    async def enter(self, caller: Caller) -> AsyncGenerator[Notice, None]:
        """Yield how the wait stands, and at last the engine; closing leaves the slot.

        Raises:
            BrickworkError: why there is no token or no model.
        """
        if self._owner is None:
            # Of no call's context: it outlives the one that comes first, and its trace.
            self._owner = asyncio.create_task(self._own(), context=contextvars.Context())
        visitor = _Visitor(caller)
        self._waiting.append(visitor)
        self._changed.set()
        try:
            while True:
                notice = await visitor.notices.get()
                if isinstance(notice, BrickworkError):
                    raise notice
                yield notice
        finally:
            if visitor.inside:
                self.user_count -= 1
            elif visitor in self._waiting:
                self._waiting.remove(visitor)
            self._changed.set()

    async def unload(self) -> None:
        """Let the running calls end, then unload; return once the slot is empty."""
        if self.state is not SlotState.EMPTY:
            self._unload_asked = True
            self._changed.set()
            await self._emptied.wait()

    async def close(self) -> None:
        """End the engine and give the token back, once the running calls have ended."""
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.gather(self._owner, return_exceptions=True)

    async def _own(self) -> None:
        while True:
            await self._until(lambda: bool(self._waiting))
            self._emptied.clear()
            try:
                token = await self._borrow()
                if token is not None:
                    await self._use(token)
            except BrickworkError as error:
                self._turn_away(error)
            except Exception:
                log.exception("slot_failed")
                self._turn_away(EngineFailed(Reason.UNEXPECTED, "The model slot failed."))
            finally:
                self.state = SlotState.EMPTY
                self._unload_asked = False
                self._emptied.set()

    async def _borrow(self) -> VramToken | None:
        """Wait for memory; None when everybody has left meanwhile."""
        self.state = SlotState.WAITING
        size_bytes, caller = self.entry.footprint_bytes, self._waiting[0].caller
        async with aclosing(self._vram.acquire(self.entry.name, size_bytes, caller)) as steps:
            async for step in steps:
                if isinstance(step, VramToken):
                    return step
                if not self._waiting:
                    break
                self._tell(step)
        return None

    async def _use(self, token: VramToken) -> None:
        """Load, serve and unload under a token."""
        self.granted_bytes = token.granted_bytes
        try:
            process = await self._load(token)
            self.state = SlotState.READY
            await self._serve(process, token)
        finally:
            await self._drain(token)

    async def _load(self, token: VramToken) -> EngineProcess:
        if self._engine_options.get("device") == "cuda" and not token.device.startswith("cuda"):
            raise unavailable(
                "token",
                f"The model needs a GPU, and the broker lends memory of {token.device}: "
                "BRICKWORK_BROKER_DEVICE says whose.",
            )
        self.state = SlotState.LOADING
        self._tell(ModelWait(f"The model {self.entry.name} is being loaded."))
        MODEL_LOADS.labels(self.entry.name, self._absent_because).inc()
        self._absent_because = "load_failed"
        began = time.monotonic()
        self.model = await asyncio.to_thread(self._find_model, self.entry.name)
        process = await EngineProcess.spawn(
            self.entry.engine, self.model.directory, self._engine_options
        )
        self.process = process
        await self._vram.attach(token, process.identity)
        await process.loaded(LOAD_SECONDS_MAX)
        self.load_seconds = time.monotonic() - began
        MODEL_LOAD_SECONDS.labels(self.entry.name).observe(self.load_seconds)
        return process

    async def _serve(self, process: EngineProcess, token: VramToken) -> None:
        """Let visitors in until the model is idle, unwanted, without a token, or dead."""
        token.notify = self._changed.set
        exit_watch = asyncio.create_task(process.exited.wait())
        exit_watch.add_done_callback(lambda _: self._changed.set())
        try:
            while not (self._unload_asked or token.is_lost or process.exited.is_set()):
                self._changed.clear()
                self._admit(process)
                try:
                    async with asyncio.timeout(self._patience_seconds(token)):
                        await self._changed.wait()
                except TimeoutError:
                    return
        finally:
            exit_watch.cancel()
            self._absent_because = self._why_it_goes(process, token)

    def _why_it_goes(self, process: EngineProcess, token: VramToken) -> str:
        """Name the cause of the next load, in the words of its metric."""
        if process.exited.is_set():
            return "engine_died"
        if token.is_lost:
            return "token_lost"
        if self._unload_asked:
            return "asked"
        return "wanted_back" if token.is_wanted_back else "idle"

    def _patience_seconds(self, token: VramToken) -> float | None:
        """Tell how long the model may stay without a call; None while there is one."""
        if self.user_count:
            return None
        if token.is_wanted_back:
            return min(WANTED_IDLE_SECONDS, self._idle_unload_seconds)
        return self._idle_unload_seconds

    async def _drain(self, token: VramToken) -> None:
        self.state = SlotState.DRAINING
        if self.process is not None:
            exited = self.process.exited
            await self._until(
                lambda: self.user_count == 0 or exited.is_set(), timeout_seconds=DRAIN_SECONDS_MAX
            )
            await self.process.stop()
            self.process = None
        self.granted_bytes = 0
        await self._vram.release(token)

    async def _until(self, holds: Callable[[], bool], timeout_seconds: float | None = None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()

    def _admit(self, process: EngineProcess) -> None:
        for visitor in self._waiting:
            visitor.inside = True
            self.user_count += 1
            visitor.notices.put_nowait(process)
        self._waiting.clear()

    def _tell(self, notice: MemoryWait | ModelWait) -> None:
        for visitor in self._waiting:
            visitor.notices.put_nowait(notice)

    def _turn_away(self, error: BrickworkError) -> None:
        for visitor in self._waiting:
            visitor.notices.put_nowait(error)
        self._waiting.clear()
