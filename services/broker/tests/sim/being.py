"""A process that lives, freezes, thaws, dies and comes again."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from services.broker.tests.sim.network import Network
from services.broker.tests.sim.node import Node
from services.broker.tests.sim.world import World


class Being(ABC):
    """Live one life after another; what was planned in one is forgotten in the next.

    Attributes:
        process: of this life.
        wants_more: whether it is to ask for anything new.
    """

    def __init__(self, world: World, node: Node, network: Network, name: str) -> None:
        self.world = world
        self.node = node
        self.network = network
        self.name = name
        self.wants_more = True
        self._is_frozen = False
        self._missed: list[Callable[[], None]] = []
        node.on_power_loss.append(lambda: self._come_again(1_000))
        self._live()

    @abstractmethod
    def begin(self) -> None:
        """Begin to do something in a new life."""

    @abstractmethod
    def rest_no_longer(self) -> None:
        """Give back what is kept without use."""

    @abstractmethod
    def leave_behind(self) -> None:
        """Tell what becomes of that which outlives this process."""

    def guarded(self, act: Callable[[], None]) -> Callable[[], None]:
        """Bind a step to this life; a frozen process does it when it thaws."""
        process = self.process

        def when_awake() -> None:
            if process is not self.process:
                return
            if self._is_frozen:
                self._missed.append(when_awake)
            else:
                act()

        return when_awake

    def later(self, low_ms: int, high_ms: int, act: Callable[[], None]) -> None:
        """Do something later in this life."""
        self.world.after(self.world.between(low_ms, high_ms), self.guarded(act))

    def crash(self) -> None:
        """Die, and come again after a while."""
        if self.world.is_alive(self.process):
            self.node.faults["holder crashed"] += 1
            self.world.note(f"{self.name} crashes")
            self.world.kill(self.process)
            self.leave_behind()
            self._come_again(self.world.between(500, 10_000))

    def freeze(self) -> None:
        """Stop for a while, perhaps past every expiry; memory stays in use."""
        if self._is_frozen or not self.world.is_alive(self.process):
            return
        self.node.faults["holder frozen"] += 1
        self.world.note(f"{self.name} freezes")
        self._is_frozen = True
        process = self.process
        self.world.after(self.world.between(1_000, 120_000), lambda: self._thaw(process))

    @property
    def is_awake(self) -> bool:
        """Whether it can do anything now."""
        return self.world.is_alive(self.process) and not self._is_frozen

    def _thaw(self, process: object) -> None:
        if process is self.process and self._is_frozen:
            self.world.note(f"{self.name} thaws")
            self._is_frozen = False
            missed, self._missed = self._missed, []
            for act in missed:
                act()

    def _live(self) -> None:
        self.process = self.world.spawn()
        self._missed.clear()
        self._is_frozen = False
        self.begin()

    def _come_again(self, delay_ms: int) -> None:
        self.process = self.world.spawn()
        process = self.process
        self.world.kill(process)
        self.world.after(delay_ms, lambda: self._live() if process is self.process else None)
