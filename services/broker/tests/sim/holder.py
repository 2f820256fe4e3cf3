"""A brick as the broker knows it: asks, names its engine, loads, renews, works, gives back.

It keeps the one rule that the broker relies on: an engine is named before it uses any memory.
"""

from collections.abc import Callable

from brickwork_broker.messages import (
    Acquire,
    Process,
    Release,
    Renew,
    TokenRequest,
    TokenState,
    WorkClass,
)
from services.broker.tests.sim.node import CAPACITY_BYTES, Answer, Node
from services.broker.tests.sim.world import World

WAIT_MS = 20_000


class Holder:
    """Live one brick's life after another, as long as it is asked to want memory."""

    def __init__(self, world: World, node: Node, name: str) -> None:
        self.world = world
        self.node = node
        self.name = name
        self.wants_more = True
        self.is_frozen = False
        self._asked_count = 0
        self._missed: list[Callable[[], None]] = []
        self._begin_life()
        node.on_power_loss.append(lambda: self._restart(1_000))

    def _begin_life(self) -> None:
        self.process = self.world.spawn()
        self._missed.clear()
        self.is_frozen = False
        self._become_idle()

    def _begin_life_after(self, process: Process) -> None:
        if process is self.process:
            self._begin_life()

    def _restart(self, delay_ms: int) -> None:
        self.token_id = ""
        self.engine: Process | None = None
        self.process = self.world.spawn()
        process = self.process
        self.world.kill(process)
        self.world.after(delay_ms, lambda: self._begin_life_after(process))

    def _mine(self, act: Callable[[], None]) -> Callable[[], None]:
        """Bind a step to this life and this token; a frozen process does it when it thaws."""
        process, token_id = self.process, self.token_id

        def guarded() -> None:
            if process is not self.process or token_id != self.token_id:
                return
            if self.is_frozen:
                self._missed.append(guarded)
            else:
                act()

        return guarded

    def _later(self, low_ms: int, high_ms: int, act: Callable[[], None]) -> None:
        self.world.after(self.world.between(low_ms, high_ms), self._mine(act))

    def _call(
        self,
        command: Acquire | Renew | Release,
        hear: Callable[[Answer | None], None],
        wait_ms: int = 0,
    ) -> None:
        def reply(answer: Answer | None) -> None:
            guarded(lambda: hear(answer))

        process, token_id = self.process, self.token_id

        def guarded(act: Callable[[], None]) -> None:
            if process is self.process and token_id == self.token_id:
                self._mine(act)()

        self.node.call(command, wait_ms, reply)

    # --- Idle, waiting.

    def _become_idle(self) -> None:
        self.token_id = ""
        self.epoch = 0
        self.engine = None
        self.leaving: list[Process] = []
        self.is_over = False
        self._later(100, 5_000, self._want)

    def _want(self) -> None:
        if not self.wants_more:
            return
        self._asked_count += 1
        self.token_id = f"{self.name}-{self.process.pid:06}-{self._asked_count:04}"
        guaranteed_bytes = self.world.between(50, 600)
        self.request = TokenRequest(
            token_id=self.token_id,
            holder=self.name,
            purpose="model",
            guaranteed_bytes=guaranteed_bytes,
            ceiling_bytes=min(CAPACITY_BYTES, guaranteed_bytes + self.world.between(0, 200)),
            work_class=self.world.random.choice(list(WorkClass)),
            tenant="",
            renew_within_ms=self.world.between(3, 30) * 1_000,
            process=self.process,
        )
        if self.node.are_faults_on and self.world.chance(0.1):
            self._later(100, 60_000, self._give_up)
        self._ask()

    def _ask(self) -> None:
        if not self.is_over:
            self._call(Acquire(self.request, WAIT_MS), self._hear_of_grant, WAIT_MS)

    def _hear_of_grant(self, answer: Answer | None) -> None:
        if self.is_over or self.epoch:
            return
        if answer is None:
            self._later(100, 1_000, self._ask)
        elif answer.state is TokenState.QUEUED:
            self._ask()
        elif answer.state is TokenState.GRANTED:
            self.epoch = answer.epoch
            self.granted_bytes = answer.granted_bytes
            self.engine = self.world.spawn()
            self._renew()
            self._later(500, 40_000, self._finish)
        else:
            self._give_up()

    def _give_up(self) -> None:
        if not self.epoch:
            self._finish()

    # --- Holding.

    def _renew(self) -> None:
        if not self.is_over:
            users = (self.engine,) if self.engine is not None else ()
            named = self.engine
            self._call(
                Renew(self.token_id, self.epoch, users), lambda answer: self._kept(answer, named)
            )

    def _kept(self, answer: Answer | None, named: Process | None) -> None:
        if self.is_over:
            return
        if answer is not None and answer.state is not TokenState.GRANTED:
            self._finish()
            return
        if (
            answer is not None
            and named is not None
            and self.world.is_alive(named)
            and not any(self.world.is_alive(engine) for engine in self.leaving)
        ):
            # The broker knows this engine and the one before it has ended, so it may load.
            self.world.memory_bytes[named] = self.granted_bytes
        if answer is None:
            self._later(50, 500, self._renew)
        else:
            period_ms = self.request.renew_within_ms // 3
            self._later(period_ms, period_ms, self._renew)

    def _finish(self) -> None:
        if not self.is_over:
            self.is_over = True
            if self.engine is not None:
                self._drain(self.engine)
            self._give_back()

    def _drain(self, engine: Process) -> None:
        slow = self.node.are_faults_on and self.world.chance(0.2)
        if slow:
            self.node.faults["slow drain"] += 1
        delay_ms = self.world.between(2_000, 40_000) if slow else self.world.between(1, 300)
        self.world.after(delay_ms, lambda: self.world.kill(engine))

    def _give_back(self) -> None:
        self._call(Release(self.token_id, self.epoch), self._hear_of_end)

    def _hear_of_end(self, answer: Answer | None) -> None:
        if answer is None:
            self._later(100, 1_000, self._give_back)
        else:
            self._become_idle()

    # --- Faults.

    def crash(self) -> None:
        """Die; an orphaned engine follows in its own time."""
        if not self.world.is_alive(self.process):
            return
        self.node.faults["holder crashed"] += 1
        self.world.note(f"{self.name} crashes")
        self.world.kill(self.process)
        if self.engine is not None:
            self._drain(self.engine)
        self._restart(self.world.between(500, 10_000))

    def crash_engine(self) -> None:
        """Lose the engine; a fresh one is named by the next renewal, before it loads."""
        if self.engine is None or self.is_over or self.is_frozen:
            return
        self.node.faults["engine crashed"] += 1
        self.world.kill(self.engine)
        self.engine = None
        self._later(10, 3_000, self._start_again)

    def hang_engine(self) -> None:
        """Have an engine that is slow to end; the next one is named before it is gone."""
        if self.engine is None or self.is_over or self.is_frozen:
            return
        self.node.faults["engine hung"] += 1
        self.leaving.append(self.engine)
        self._drain(self.engine)
        self.engine = self.world.spawn()

    def _start_again(self) -> None:
        if not self.is_over and self.engine is None:
            self.engine = self.world.spawn()

    def freeze(self) -> None:
        """Stop for a while, perhaps past every expiry; the engine keeps its memory."""
        if self.is_frozen or not self.world.is_alive(self.process):
            return
        self.node.faults["holder frozen"] += 1
        self.world.note(f"{self.name} freezes")
        self.is_frozen = True
        process = self.process
        self.world.after(self.world.between(1_000, 120_000), lambda: self._thaw(process))

    def _thaw(self, process: Process) -> None:
        if process is self.process and self.is_frozen:
            self.world.note(f"{self.name} thaws")
            self.is_frozen = False
            missed, self._missed = self._missed, []
            for act in missed:
                act()
