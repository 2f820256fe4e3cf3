"""The real broker under a simulated roof: its book on a file whose disk is faulty.

It is killed between and within writes, the machine loses power, and its disk fills up.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from brickwork_broker.core.commands import Command
from brickwork_broker.core.events import Event
from brickwork_broker.core.ledger import Limits
from brickwork_broker.core.request import Process
from brickwork_broker.core.token import Grant, TokenState, Waiter
from brickwork_broker.storage.book import Book
from services.broker.tests.sim.checkers import Checkers
from services.broker.tests.sim.disk import Disk
from services.broker.tests.sim.world import CAPACITY_BYTES, World


class Node:
    """Run the broker.

    Attributes:
        faults: how many there were of each kind.
        are_faults_on: whether there are to be more.
        book: of the running broker; None while there is none.
        life: a number for each start of the broker.
        on_start: called after each start.
        on_change: called after each command.
        on_power_loss: called when all processes have ended.
    """

    def __init__(self, world: World, checkers: Checkers, folder: Path) -> None:
        self.world = world
        self.checkers = checkers
        self.faults = Counter[str]()
        self.are_faults_on = True
        self.book: Book | None = None
        self.life = 0
        self.on_start: list[Callable[[], None]] = []
        self.on_change: list[Callable[[], None]] = []
        self.on_power_loss: list[Callable[[], None]] = []
        self.disk = Disk(world, folder / "journal")
        self._clock_zero_ms = 0

    def start(self) -> None:
        """Start the broker over its journal."""
        limits = Limits(CAPACITY_BYTES, queue_max=64)
        self.book = Book(self.disk.path, limits, self.clock_ms())
        self.world.note("broker starts")
        self.checkers.broker_started(self.book.ledger)
        self.life += 1
        for act in self.on_start:
            act()

    def crash(self) -> None:
        """Kill the broker; whoever waits for an answer hears nothing."""
        if self.book is None:
            return
        self.faults["broker killed"] += 1
        self.world.note("broker killed")
        self.book.close()
        self.book = None
        self.world.after(self.world.between(50, 8_000), self.start)

    def lose_power(self) -> None:
        """Stop the machine: every process ends, and what was not forced to the disk may go."""
        if self.book is None:
            return
        self.faults["power lost"] += 1
        self.crash()
        self.disk.lose_power()
        self.world.boot_count += 1
        # Monotonic clocks begin anew with the boot.
        self._clock_zero_ms = self.world.now_ms
        self.checkers.power_lost()
        for process in list(self.world.memory_bytes):
            self.world.kill(process)
        for act in self.on_power_loss:
            act()

    def fill_the_disk(self) -> None:
        """Let the disk have no room for a while."""
        if self.disk.is_full:
            return
        self.faults["disk full"] += 1
        self.world.note("disk full")
        self.disk.is_full = True
        self.world.after(self.world.between(1_000, 40_000), self._empty_the_disk)

    def _empty_the_disk(self) -> None:
        self.world.note("disk has room")
        self.disk.is_full = False

    def clock_ms(self) -> int:
        """Return the time on the broker's own clock."""
        return self.world.now_ms - self._clock_zero_ms

    def deliver(self, command: Command) -> tuple[Event, ...] | None:
        """Carry out a command, unless the broker dies of it; check every promise after it."""
        assert self.book is not None
        events = self.book.apply(command, self.clock_ms())
        written_bytes = self.disk.written_bytes
        if self.are_faults_on and written_bytes and self.world.chance(0.005):
            self.faults["journal torn"] += 1
            self.checkers.torn(events)
            self.crash()
            self.disk.tear(written_bytes)
            return None
        for event in events:
            self.world.note(repr(event))
        self.checkers.decided(self.book.ledger, command, events, self.clock_ms())
        for act in self.on_change:
            act()
        return events

    def processes(self) -> set[Process]:
        """Return every process whose death would matter to the broker."""
        return set() if self.book is None else self.book.ledger.processes()

    def row(self, token_id: str) -> Grant | Waiter | TokenState | None:
        """Return what the broker knows of a token."""
        return self.book.ledger.find(token_id) if self.book is not None else None
