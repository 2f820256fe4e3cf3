"""A model's stay in memory: its token and its engine process, from the grant to the release."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from importlib.metadata import version

from brickwork_sdk.caller import WorkClass
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.foreign_users import name_users, tell_rest
from brickwork_sdk.models import Model, ServedModel
from brickwork_sdk.vram import MemoryRequest, VramClient, VramToken, Workload

log = logging.getLogger(__name__)

LOAD_SECONDS_MAX = 300.0
"""A model that is not loaded by then never will be; its process is killed."""
RELEASE_SECONDS = 1.0
"""So long before its token is over a process must be gone, for the token is given back then."""


def memory_for(entry: ServedModel, model: Model, options: Mapping[str, str]) -> MemoryRequest:
    """Return what a model asks of the broker: it loads, and gives way when it is asked to.

    The engine is named by its module and the version of the brick that brings it, for the library's
    own version is known only once it has been loaded, and the name must be the same each time.
    """
    ceiling_bytes = entry.ceiling_bytes or entry.footprint_bytes
    brick = entry.engine.partition(".")[0].replace("_", "-")
    return MemoryRequest(
        purpose=entry.name,
        guaranteed_bytes=entry.footprint_bytes,
        ceiling_bytes=ceiling_bytes,
        is_shrinkable=ceiling_bytes > entry.footprint_bytes,
        is_revocable=True,
        loads=True,
        workload=Workload(
            model_digest=model.digest,
            engine=f"{entry.engine} {version(brick)}",
            precision=options.get("precision", ""),
            bucket=options.get("threads", ""),
            weights_bytes=sum(file.size_bytes for file in model.manifest.files),
        ),
    )


class Residency:
    """A model's stay in memory.

    Attributes:
        token: the right to the memory.
        process: the engine; None until it is spawned.
    """

    def __init__(self, token: VramToken, vram: VramClient, changed: Callable[[], None]) -> None:
        self.token = token
        self.process: EngineProcess | None = None
        self._vram = vram
        self._changed = changed
        self._budget_bytes = token.granted_bytes
        self._shrinking: asyncio.Task[None] | None = None
        self._naming: set[asyncio.Task[None]] = set()
        token.notify = changed

    @property
    def is_over(self) -> bool:
        """Whether the model must go: its token is lost or asked back, or its process is gone."""
        is_dead = self.process is not None and self.process.exited.is_set()
        return is_dead or self.token.is_lost or self.token.is_recalled

    async def load(self, entry: ServedModel, model: Model, options: Mapping[str, str]) -> None:
        """Spawn the engine with its budget, name it to the broker, and only then load the model.

        Raises:
            BrickworkError: why there is no model.
        """
        budget = {"budget_bytes": str(self._budget_bytes)}
        process = await EngineProcess.spawn(entry.engine, model.directory, {**options, **budget})
        self.process = process
        process.on_users = self._name_users
        await self._vram.attach(self.token, process.identity)
        await process.loaded(LOAD_SECONDS_MAX)
        # Others wait for their turn to load.
        self.token.use = replace(self.token.use, is_loading=False)
        self._vram.renew_now()

    def tell_use(self, classes: Collection[WorkClass]) -> None:
        """Note for the next renewal which work runs now: one class for each call.

        The broker hears at once that an idle model has work again, for it may be about to ask for
        it; and while others wait, that the model is idle.
        """
        use = self.token.use
        if classes:
            told = replace(use, idle_since=None, work_class=min(classes, key=lambda one: one.rank))
        elif use.idle_since is None:
            told = replace(use, idle_since=time.monotonic(), work_class=None)
        else:
            return
        self.token.use = told
        has_work_again = told.idle_since is None and use.idle_since is not None
        is_idle_now = told.idle_since is not None and use.idle_since is None
        if has_work_again or (is_idle_now and self.token.is_wanted_back):
            self._vram.renew_now()

    def heed(self) -> None:
        """Begin to make the engine as small as the broker asks, if it does."""
        demand = self.token.demand
        if (
            demand is not None
            and 0 < demand.keep_bytes < self._budget_bytes
            and self._shrinking is None
        ):
            self._budget_bytes = demand.keep_bytes
            self._shrinking = asyncio.create_task(self._shrink(demand.keep_bytes))

    async def end(self) -> None:
        """End the process, then give the token back.

        When all memory is asked back, calls that run are ended between two of their steps with
        VRAM_REVOKED, or with the process once the grace is all but over.
        """
        process, demand = self.process, self.token.demand
        if process is not None:
            if self.token.is_recalled and demand is not None:
                ending_seconds = process.description.close_seconds + RELEASE_SECONDS
                grace_seconds = demand.until - time.monotonic() - ending_seconds
                await process.revoke(max(0.0, grace_seconds))
            else:
                await process.stop()
        if self._shrinking is not None:
            await self._shrinking  # It has ended with the process.
        await asyncio.gather(*self._naming)
        if process is not None and process.description.users_live_on:
            await tell_rest(self._vram, self.token)
        await self._vram.release(self.token)

    def _name_users(self) -> None:
        """Name the processes of a server that the engine represents, as it finds them."""
        assert self.process is not None, "only an engine names users"
        naming = asyncio.create_task(name_users(self._vram, self.token, self.process.users))
        self._naming.add(naming)
        naming.add_done_callback(self._naming.discard)

    async def _shrink(self, budget_bytes: int) -> None:
        assert self.process is not None, "only a loaded model is asked to shrink"
        try:
            await self.process.set_budget(budget_bytes)
        except BrickworkError as error:
            # The process is gone. What is not given back in time is taken with the whole token.
            log.warning("shrink_failed", extra={"reason": error.reason.value})
        else:
            self.token.use = replace(self.token.use, kept_bytes=budget_bytes)
            self._vram.renew_now()
        finally:
            self._shrinking = None
            self._changed()
