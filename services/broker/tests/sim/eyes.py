"""The probe in its stated limits: blind or late up to 5 s, wrong about bytes, never of death.

What it says of a process that it calls gone is always so.
"""

from collections.abc import Iterable

from brickwork_broker.core.commands import ConfirmGone, Observe, Tick
from brickwork_broker.core.request import Process
from services.broker.tests.sim.node import Node
from services.broker.tests.sim.world import TOTAL_BYTES, World

SWEEP_MS = 500
SILENCE_MS_MAX = 5_000


class Eyes:
    """Look at the device and its processes, one look after the other, and let time pass.

    A look takes its time: what it has seen is told when it is over.
    """

    def __init__(self, world: World, node: Node) -> None:
        self._world = world
        self._node = node
        self._blind_until_ms = 0
        self._late_until_ms = 0
        self._wrong_until_ms = 0
        node.on_start.append(self._begin)

    def go_blind(self) -> None:
        """See nothing for a while."""
        self._node.faults["probe blind"] += 1
        self._blind_until_ms = self._world.now_ms + self._world.between(500, SILENCE_MS_MAX)

    def be_late(self) -> None:
        """Tell of the next look only seconds after it."""
        self._node.faults["probe late"] += 1
        self._late_until_ms = self._world.now_ms + SWEEP_MS

    def be_wrong(self) -> None:
        """Misread bytes for a while."""
        self._node.faults["probe wrong about bytes"] += 1
        self._wrong_until_ms = self._world.now_ms + self._world.between(500, 20_000)

    def look_for_dead(self, processes: Iterable[Process]) -> None:
        """Tell at once which of some processes are gone, unless it is blind."""
        if self._world.now_ms < self._blind_until_ms:
            self._node.checkers.nothing_was_seen()
            return
        for process in sorted(processes, key=lambda process: process.pid):
            if self._node.book is not None and not self._world.is_alive(process):
                self._node.deliver(ConfirmGone(process))

    def _begin(self) -> None:
        life = self._node.life
        self._world.after(SWEEP_MS, lambda: self._sweep(life))

    def _sweep(self, life: int) -> None:
        if life != self._node.life or self._node.book is None:
            return
        if self._node.deliver(Tick()) is None:
            return
        processes = self._node.processes()
        looked_at_ms, takes_ms = self._node.clock_ms(), self._world.between(1, 60)
        if self._world.now_ms < self._late_until_ms:
            takes_ms = self._world.between(1_000, SILENCE_MS_MAX)
        gone = [process for process in processes if not self._world.is_alive(process)]
        observed = self._observed(looked_at_ms, processes)
        self._world.after(takes_ms, lambda: self._tell(life, gone, observed))

    def _tell(self, life: int, gone: list[Process], observed: Observe) -> None:
        if life != self._node.life or self._node.book is None:
            return
        if self._world.now_ms < self._blind_until_ms:
            gone, observed = [], Observe(observed.looked_at_ms, TOTAL_BYTES, None, {})
            self._node.checkers.nothing_was_seen()
        elif self._node.clock_ms() > observed.looked_at_ms + SWEEP_MS:
            self._node.checkers.nothing_was_seen()
        for process in sorted(gone, key=lambda process: process.pid):
            if self._node.book is not None:
                self._node.deliver(ConfirmGone(process))
        if self._node.book is not None:
            self._node.deliver(observed)
        self._world.after(SWEEP_MS, lambda: self._sweep(life))

    def _observed(self, looked_at_ms: int, processes: set[Process]) -> Observe:
        world = self._world
        readings = {
            process: self._misread(world.memory_bytes[process])
            for process in sorted(processes, key=lambda process: process.pid)
            if process in world.memory_bytes
        }
        idle_ms = {
            process: world.now_ms - world.idle_since_ms.get(process, world.now_ms)
            for process in readings
        }
        used_bytes = self._misread(sum(world.memory_bytes.values()))
        return Observe(looked_at_ms, TOTAL_BYTES, used_bytes, readings, idle_ms)

    def _misread(self, truth_bytes: int) -> int:
        if self._world.now_ms >= self._wrong_until_ms:
            return truth_bytes
        return max(0, truth_bytes * self._world.between(50, 130) // 100)
