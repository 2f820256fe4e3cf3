"""Virtual time, chance and truth: which processes live and what memory each really uses."""

import heapq
import random
from collections.abc import Callable

from brickwork_broker.core.request import Process

CAPACITY_BYTES = 1_000
TOTAL_BYTES = 1_100
"""Of the device; what may not be lent is what a driver keeps, and a margin."""


class World:
    """Run callbacks in the order of a virtual clock; all chance comes from one seed.

    Attributes:
        memory_bytes: what each living process really uses.
        idle_since_ms: since when a process does nothing; one that is not named works.
        dishonest: processes that may use more than their tokens say.
        stuck: a process that nobody can end while there is memory to be fought for.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a simulation must be repeatable
        self.now_ms = 0
        self.step_count = 0
        self.memory_bytes: dict[Process, int] = {}
        self.idle_since_ms: dict[Process, int] = {}
        self.died_at_ms: dict[Process, int] = {}
        self.dishonest = set[Process]()
        self.stuck: Process | None = None
        self.boot_count = 1
        self.trace: list[str] = []
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0
        self._pid_next = 100

    def after(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do something later."""
        self._sequence += 1
        heapq.heappush(self._heap, (self.now_ms + delay_ms, self._sequence, act))

    def step(self) -> None:
        """Do what is due next."""
        self.now_ms, _, act = heapq.heappop(self._heap)
        self.step_count += 1
        act()

    def note(self, line: str) -> None:
        """Write a line of the story that a replay must repeat byte for byte."""
        self.trace.append(f"{self.now_ms:>8} {line}")

    def chance(self, probability: float) -> bool:
        """Throw a coin."""
        return self.random.random() < probability

    def between(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return self.random.randint(low, high)

    def spawn(self) -> Process:
        """Start a process."""
        self._pid_next += 1
        process = Process(f"boot-{self.boot_count}", self._pid_next, 1 + self.now_ms // 10)
        self.memory_bytes[process] = 0
        return process

    def kill(self, process: Process) -> None:
        """End a process now; its memory is free now."""
        if self.memory_bytes.pop(process, None) is not None:
            self.died_at_ms[process] = self.now_ms
            self.idle_since_ms.pop(process, None)

    def is_alive(self, process: Process) -> bool:
        """Tell the truth about a process."""
        return process in self.memory_bytes
