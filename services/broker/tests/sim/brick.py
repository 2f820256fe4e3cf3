"""A brick as the broker knows it: asks, names its engine, loads, works, idles, gives way, ends.

It keeps the rules that the broker relies on: an engine is named before it uses any memory, and what
it has said that it keeps to, it keeps to. Some bricks break others: they do not give way, never
shrink, say that they did, take more than was granted, or hang while they load.
"""

from collections.abc import Callable
from dataclasses import dataclass

from brickwork_broker.core.commands import Renew
from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from services.broker.tests.sim.being import Being
from services.broker.tests.sim.network import Answer
from services.broker.tests.sim.tenure import Tenure
from services.broker.tests.sim.world import CAPACITY_BYTES

LOAD_STEPS = 4


@dataclass(frozen=True, slots=True)
class Manner:
    """Say how a brick behaves while it has one token."""

    shrinks: str = "soon"
    gives_way: bool = True
    overruns: bool = False
    hangs_in_load: bool = False


class Brick(Being):
    """Want memory for one model after another, as long as it is asked to."""

    def begin(self) -> None:
        """Want something soon."""
        self.tenure: Tenure | None = None
        self.engine: Process | None = None
        self.leaving: list[Process] = []
        self.later(100, 5_000, self._want)

    def leave_behind(self) -> None:
        """Let an orphaned engine end in its own time."""
        if self.engine is not None:
            self._drain(self.engine)
        self.tenure = self.engine = None

    def rest_no_longer(self) -> None:
        """Give back what is kept without use."""
        if self.tenure is not None and self.tenure.epoch:
            self.guarded(self._finish)()

    # --- Asking.

    def _want(self) -> None:
        if not self.wants_more or self.tenure is not None:
            return
        world = self.world
        guaranteed_bytes = world.between(50, 600)
        request = TokenRequest(
            token_id=f"{self.name}-{self.process.pid:06}-{world.now_ms:08}",
            holder=self.name,
            purpose="model",
            guaranteed_bytes=guaranteed_bytes,
            ceiling_bytes=min(CAPACITY_BYTES, guaranteed_bytes + world.between(0, 300)),
            work_class=world.random.choice(list(WorkClass)),
            tenant=world.random.choice(["anna", "boris", "carla"]),
            renew_within_ms=world.between(3, 30) * 1_000,
            process=self.process,
            give_up_ms=world.between(5_000, 60_000) if world.chance(0.05) else None,
            shrinkable=world.chance(0.6),
            revocable=world.chance(0.8),
            loads=world.chance(0.75),
        )
        self.manner = self._manner()
        self.kept_bytes = 0
        self.demanded_bytes: int | None = None
        self.steps_done = 0 if request.loads else LOAD_STEPS
        self.is_loading = request.loads
        self.idle_since_ms: int | None = None
        self.rounds_left = world.between(1, 5)
        self.tenure = Tenure(self, self, request)
        if self.node.are_faults_on and world.chance(0.1):
            self.later(100, 60_000, self._for(self.tenure, self._give_up))
        self.tenure.ask()

    def _manner(self) -> Manner:
        world, faults = self.world, self.node.faults
        if not self.node.are_faults_on:
            return Manner()
        manner = Manner(
            shrinks=world.random.choices(["soon", "slowly", "never", "lies"], [6, 2, 1, 1])[0],
            gives_way=world.chance(0.85),
            overruns=world.chance(0.04),
            hangs_in_load=world.chance(0.04),
        )
        faults["does not give way"] += not manner.gives_way
        faults["takes more than granted"] += manner.overruns
        faults["hangs in load"] += manner.hangs_in_load
        return manner

    def _for(self, tenure: Tenure, act: Callable[[], None]) -> Callable[[], None]:
        """Bind a step to one token."""
        return lambda: act() if self.tenure is tenure and not tenure.is_over else None

    def _soon(self, low_ms: int, high_ms: int, act: Callable[[], None]) -> None:
        assert self.tenure is not None
        self.later(low_ms, high_ms, self._for(self.tenure, act))

    def _give_up(self) -> None:
        if self.tenure is not None and not self.tenure.epoch:
            if self.world.chance(0.5):
                self.network.hang_up(self.tenure.request.token_id)
            self._finish()

    # --- Holding.

    def granted(self, tenure: Tenure) -> None:
        """Start an engine; it is named by the first renewal."""
        self.engine = self.world.spawn()
        self.named = set[Process]()

    def renewal(self, tenure: Tenure) -> Renew:
        """Say what is so now."""
        idle_since_ms = self.idle_since_ms
        return Renew(
            tenure.request.token_id,
            tenure.epoch,
            (self.engine,) if self.engine is not None else (),
            is_loading=self.is_loading,
            load_progress=self.steps_done,
            idle_ms=None if idle_since_ms is None else self.world.now_ms - idle_since_ms,
            kept_bytes=self.kept_bytes,
        )

    def told(self, tenure: Tenure, renewal: Renew, answer: Answer) -> None:
        """Use memory once the engine is known, and do what is asked."""
        if not self.named and renewal.users:
            self._soon(100, 4_000, self._load_on if self.is_loading else self._work)
        self.named.update(renewal.users)
        self._fill()
        if answer.keep_bytes is not None and answer.keep_bytes != self.demanded_bytes:
            self._give_way(answer.keep_bytes)
        self.demanded_bytes = answer.keep_bytes

    def lost(self, tenure: Tenure) -> None:
        """End the engine."""
        self._finish()

    def ended(self, tenure: Tenure) -> None:
        """Want something else, once the broker knows."""
        if tenure is self.tenure:
            self.tenure = None
            self.later(100, 5_000, self._want)

    def _fill(self) -> None:
        """Let the engine use what it may; the broker knows it, and the one before has ended."""
        engine = self.engine
        if engine not in self.named or any(map(self.world.is_alive, self.leaving)):
            return
        assert engine is not None
        assert self.tenure is not None
        if self.world.is_alive(engine):
            may_use_bytes = self.tenure.granted_bytes
            if self.kept_bytes and self.manner.shrinks == "lies":
                self.world.dishonest.add(engine)
            elif self.kept_bytes:
                may_use_bytes = min(may_use_bytes, self.kept_bytes)
            used_bytes = may_use_bytes * self.steps_done // LOAD_STEPS
            if self.manner.overruns:
                self.world.dishonest.add(engine)
                used_bytes = used_bytes * 13 // 10
            self.world.memory_bytes[engine] = used_bytes

    def _load_on(self) -> None:
        self.steps_done += 1
        self._fill()
        if self.steps_done == LOAD_STEPS:
            self.is_loading = False
            self._renew_now()
            self._work()
        elif not (self.manner.hangs_in_load and self.steps_done == LOAD_STEPS // 2):
            self._soon(100, 4_000, self._load_on)

    def _work(self) -> None:
        self.idle_since_ms = None
        self._fill()
        if self.engine is not None:
            self.world.idle_since_ms.pop(self.engine, None)
        self._renew_now()
        self._soon(500, 15_000, self._rest)

    def _rest(self) -> None:
        assert self.tenure is not None
        self.rounds_left -= 1
        request = self.tenure.request
        may_stay = request.loads and request.revocable and not self.node.are_faults_on
        if not self.rounds_left and not may_stay:
            self._finish()
            return
        self.idle_since_ms = self.world.now_ms
        self._renew_now()
        if not may_stay:
            self._soon(100, 20_000, self._work)

    def _renew_now(self) -> None:
        if self.tenure is not None:
            self.tenure.renew_now()

    # --- Giving way.

    def _give_way(self, keep_bytes: int) -> None:
        if not keep_bytes:
            if self.manner.gives_way:
                self._soon(10, 5_000, self._finish)
        elif self.manner.shrinks == "lies":
            self.node.faults["lies about a shrink"] += 1
            self.world.dishonest.update(self.leaving)
            self.kept_bytes = keep_bytes
            self._fill()
            self._renew_now()
        elif self.manner.shrinks == "never":
            self.node.faults["never shrinks"] += 1
        else:
            is_slow = self.manner.shrinks == "slowly"
            self.node.faults["shrinks slowly"] += is_slow
            low_ms, high_ms = (5_000, 45_000) if is_slow else (10, 5_000)
            self._soon(low_ms, high_ms, lambda: self._shrink(keep_bytes))

    def _shrink(self, keep_bytes: int) -> None:
        if any(map(self.world.is_alive, self.leaving)):
            self._soon(500, 1_000, lambda: self._shrink(keep_bytes))
            return
        self.kept_bytes = min(keep_bytes, self.kept_bytes or keep_bytes)
        if self.engine is not None and self.world.memory_bytes.get(self.engine):
            self._fill()
        self._renew_now()

    def _finish(self) -> None:
        if self.tenure is not None and not self.tenure.is_over:
            if self.engine is not None:
                self._drain(self.engine)
                self.engine = None
            self.tenure.finish()

    def _drain(self, engine: Process) -> None:
        is_slow = self.node.are_faults_on and self.world.chance(0.2)
        self.node.faults["slow drain"] += is_slow
        delay_ms = self.world.between(2_000, 40_000) if is_slow else self.world.between(1, 300)
        memory_bytes = self.world.memory_bytes.get(engine, 0)
        if is_slow and self.world.stuck is None and memory_bytes > 0:
            self.node.faults["engine stuck"] += 1
            self.world.stuck = engine
            return
        self.world.after(delay_ms, lambda: self.world.kill(engine))

    # --- Faults.

    def crash_engine(self) -> None:
        """Lose the engine; a fresh one is named by a renewal before it uses anything."""
        if self.engine is not None and self.is_awake:
            self.node.faults["engine crashed"] += 1
            self.world.kill(self.engine)
            self.engine = None
            self._soon(10, 3_000, self._start_again)

    def hang_engine(self) -> None:
        """Have an engine that is slow to end; the next one is named before it is gone."""
        if self.engine is not None and self.is_awake:
            self.node.faults["engine hung"] += 1
            self.leaving.append(self.engine)
            self._drain(self.engine)
            self.engine = self.world.spawn()

    def _start_again(self) -> None:
        if self.engine is None:
            self.engine = self.world.spawn()
