"""The model slot: token, load, count users, unload when idle, token back."""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from enum import StrEnum

from brickwork_sdk.caller import Caller
from brickwork_sdk.cuda import unavailable
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.engine.fate import Fate
from brickwork_sdk.engine.wear import NEVER_RECYCLED, Recycling, Wear
from brickwork_sdk.errors import BrickworkError, EngineFailed, NotPossible, Reason
from brickwork_sdk.models import Model, ServedModel
from brickwork_sdk.processes import private_bytes
from brickwork_sdk.residency import Residency, memory_for
from brickwork_sdk.telemetry.metrics import LOAD_CAUSES, MODEL_LOAD_SECONDS, MODEL_LOADS
from brickwork_sdk.visitors import ModelWait, Notice, Visitors
from brickwork_sdk.vram import MemoryWait, VramClient, VramToken

log = logging.getLogger(__name__)

DRAIN_SECONDS_MAX = 30.0
"""Running calls have this long to end once their model is to go; then they fail, to be repeated."""


class SlotState(StrEnum):
    """Where a slot stands."""

    EMPTY = "empty"
    WAITING = "waiting"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"


class ModelSlot:
    """Keeps one model loaded while it is used; one task owns every change of state.

    EMPTY → WAITING (somebody wants in, a token is asked for) → LOADING (granted) → READY →
    DRAINING (idle, worn, asked to unload, token lost or asked back, or process dead) → EMPTY
    (token back). Who waits when a token is asked back waits on, for the next one; so does who
    comes to an engine that has served its time, which ends once nobody is inside.

    Attributes:
        entry: which model.
        state: where the slot stands.
        load_seconds: how long the last load took; None before the first one.
        model: the verified model; None before the first load.
    """

    def __init__(
        self,
        entry: ServedModel,
        find_model: Callable[[str], Model],
        vram: VramClient,
        engine_options: Mapping[str, str],
        idle_unload_seconds: float,
        recycling: Recycling = NEVER_RECYCLED,
    ) -> None:
        self.entry = entry
        self.state = SlotState.EMPTY
        self.load_seconds: float | None = None
        self.model: Model | None = None
        self._find_model = find_model
        self._vram = vram
        self._engine_options = engine_options
        self._idle_unload_seconds = idle_unload_seconds
        self._recycling = recycling
        self._residency: Residency | None = None
        self._changed = asyncio.Event()
        self._visitors = Visitors(self._changed.set)
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._unload_asked = False
        self._peak_bytes = 0
        self._absent_because = "first"
        for cause in LOAD_CAUSES:
            MODEL_LOADS.labels(entry.name, cause)  # told from 0 on, so that the first one is seen
        self._owner: asyncio.Task[None] | None = None

    @property
    def waiting_count(self) -> int:
        """Calls that wait for the engine now."""
        return self._visitors.waiting_count

    @property
    def user_count(self) -> int:
        """Calls that use the engine now."""
        return self._visitors.inside_count

    @property
    def process(self) -> EngineProcess | None:
        """The engine from LOADING to DRAINING."""
        return self._residency.process if self._residency else None

    @property
    def peak_bytes(self) -> int:
        """The most private memory that its engines were seen to take; 0 before the first load."""
        process = self.process
        return max(self._peak_bytes, process.peak_bytes if process else 0)

    @property
    def granted_bytes(self) -> int:
        """What the token grants; 0 without one."""
        return self._residency.token.granted_bytes if self._residency else 0

    def require_able(self, ability: str, by_default: Sequence[str] = ()) -> None:
        """Refuse what the model cannot do, before it is loaded for that.

        Args:
            ability: in the words of its brick.
            by_default: what a model can whose entry names no abilities.

        Raises:
            NotPossible: MODEL_CANNOT, with what it can.
        """
        abilities = self.entry.abilities or by_default
        if ability not in abilities:
            can = ", ".join(abilities) or "nothing beside its task"
            raise NotPossible(
                Reason.MODEL_CANNOT,
                f"The model {self.entry.name} cannot do this ({ability}); it can: {can}.",
                metadata={"model": self.entry.name, "ability": ability, "abilities": can},
            )

    def enter(self, caller: Caller) -> AsyncGenerator[Notice, None]:
        """Yield how the wait stands, and at last the engine; closing leaves the slot.

        Raises:
            BrickworkError: why there is no token or no model.
        """
        if self._owner is None:
            # Of no call's context: it outlives the one that comes first, and its trace.
            self._owner = asyncio.create_task(self._own(), context=contextvars.Context())
        return self._visitors.enter(caller)

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
            await self._until(lambda: self.waiting_count > 0)
            self._emptied.clear()
            try:
                self.state = SlotState.WAITING
                # Before there is a token: who holds one to load keeps all others from loading.
                self.model = await asyncio.to_thread(self._find_model, self.entry.name)
                token = await self._borrow(self.model)
                if token is not None:
                    await self._use(token, self.model)
            except BrickworkError as error:
                self._visitors.turn_away(error)
            except Exception:
                log.exception("slot_failed")
                self._visitors.turn_away(EngineFailed(Reason.UNEXPECTED, "The model slot failed."))
            finally:
                self.state = SlotState.EMPTY
                self._unload_asked = False
                self._emptied.set()

    async def _borrow(self, model: Model) -> VramToken | None:
        """Wait for memory; None when everybody has left, or somebody more urgent has come."""
        if not self.waiting_count:
            return None
        caller = self._visitors.most_urgent()
        request = memory_for(self.entry, model, self._engine_options)
        async with aclosing(self._vram.acquire(request, caller)) as steps:
            async for step in steps:
                if isinstance(step, VramToken):
                    return step
                if (
                    not self.waiting_count
                    or self._visitors.most_urgent().work_class.rank < caller.work_class.rank
                ):
                    break
                self._visitors.tell(step)
        return None

    async def _use(self, token: VramToken, model: Model) -> None:
        """Load, serve and unload under a token."""
        residency = self._residency = Residency(token, self._vram, self._changed.set)
        try:
            process = await self._load(residency, model)
            if process is not None:
                self.state = SlotState.READY
                await self._serve(process, residency)
        finally:
            self._peak_bytes = self.peak_bytes
            await self._drain(residency)
            self._residency = None

    async def _load(self, residency: Residency, model: Model) -> EngineProcess | None:
        """Load; None when the token is lost or asked back before that is done."""
        token = residency.token
        if self._engine_options.get("device") == "cuda" and not token.device.startswith("cuda"):
            raise unavailable(
                "token",
                f"The model needs a GPU, and the broker lends memory of {token.device}: "
                "BRICKWORK_BROKER_DEVICE says whose.",
            )
        self.state = SlotState.LOADING
        self._visitors.tell(ModelWait(f"The model {self.entry.name} is being loaded."))
        MODEL_LOADS.labels(self.entry.name, self._absent_because).inc()
        self._absent_because = "load_failed"
        began = time.monotonic()
        loading = asyncio.create_task(residency.load(self.entry, model, self._engine_options))
        loading.add_done_callback(lambda _: self._changed.set())
        try:
            await self._until(lambda: loading.done() or token.is_lost or token.is_recalled)
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
        if loading.cancelled():
            self._absent_because = "revoked" if token.is_recalled else "token_lost"
            return None
        loading.result()
        self.load_seconds = time.monotonic() - began
        MODEL_LOAD_SECONDS.labels(self.entry.name).observe(self.load_seconds)
        return residency.process

    async def _serve(self, process: EngineProcess, residency: Residency) -> None:
        """Let visitors in until the model is idle, worn, unwanted, without token, or dead."""
        visitors, wear, noted_count = self._visitors, Wear(self._recycling), 0
        before_count = visitors.served_count
        exit_watch = asyncio.create_task(process.exited.wait())
        exit_watch.add_done_callback(lambda _: self._changed.set())
        try:
            while not (self._unload_asked or residency.is_over):
                self._changed.clear()
                served_count = visitors.served_count - before_count
                if served_count > noted_count:
                    noted_count = served_count
                    wear.note(served_count, private_bytes(process.identity.pid))
                if not wear.is_worn:
                    visitors.admit(process)
                elif self.user_count:
                    self._visitors.tell(
                        ModelWait(f"The engine of {self.entry.name} is to be renewed.")
                    )
                else:
                    return
                residency.tell_use(visitors.inside_classes)
                residency.heed()
                # A model that works for somebody is not idle, however long that takes.
                patience_seconds = None if self.user_count else self._idle_unload_seconds
                try:
                    async with asyncio.timeout(patience_seconds):
                        await self._changed.wait()
                except TimeoutError:
                    return
        finally:
            exit_watch.cancel()
            self._absent_because = self._why_it_goes(process, residency.token)
            if wear.is_worn and not residency.is_over and not self._unload_asked:
                self._absent_because = "worn"

    def _why_it_goes(self, process: EngineProcess, token: VramToken) -> str:
        """Name the cause of the next load, in the words of its metric."""
        if process.exited.is_set():
            return "over_budget" if process.fate is Fate.OVER_BUDGET else "engine_died"
        if token.is_recalled:
            return "revoked" if self.user_count else "evicted"
        if token.is_lost:
            return "token_lost"
        return "asked" if self._unload_asked else "idle"

    async def _drain(self, residency: Residency) -> None:
        """Let the calls that run come to their end, unless that cannot be waited for."""
        self.state = SlotState.DRAINING
        token, process = residency.token, residency.process
        if token.demand is not None and token.is_recalled:
            self._visitors.tell(MemoryWait(token.demand.cause))
        if process is not None:
            exited = process.exited
            await self._until(
                lambda: not self.user_count or exited.is_set() or token.is_recalled,
                timeout_seconds=DRAIN_SECONDS_MAX,
            )
        await residency.end()

    async def _until(self, holds: Callable[[], bool], timeout_seconds: float | None = None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
