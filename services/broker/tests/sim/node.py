"""The real broker under a simulated roof: its book on a real file, and everything around it faulty.

Commands arrive over a network that loses, doubles and delays; the broker is killed between and
within writes; the machine loses power; the probe goes blind for seconds.
"""

import os
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from brickwork_broker.book import Book
from brickwork_broker.ledger import Limits
from brickwork_broker.messages import (
    Acquire,
    Command,
    ConfirmGone,
    Event,
    Process,
    Refused,
    Release,
    Tick,
    TokenState,
)
from brickwork_broker.token import Grant, Waiter
from services.broker.tests.sim.checkers import Checkers
from services.broker.tests.sim.world import World

CAPACITY_BYTES = 1_000
SWEEP_MS = 500
RPC_MS = 5_000
"""How long a holder waits for an answer beyond what it asked the broker to wait."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the wire would say: where the token stands, or that the command was refused."""

    state: TokenState
    epoch: int = 0
    granted_bytes: int = 0


Reply = Callable[[Answer | None], None]


class Node:
    """Run the broker and the network to it."""

    def __init__(self, world: World, checkers: Checkers, folder: Path) -> None:
        self.world = world
        self.checkers = checkers
        self.faults = Counter[str]()
        self.are_faults_on = True
        self.book: Book | None = None
        self.blind_until_ms = 0
        self.on_power_loss: list[Callable[[], None]] = []
        self._path = folder / "journal"
        self._clock_zero_ms = 0
        self._synced_bytes = 0
        self._polls: list[tuple[str, Reply]] = []
        self._life = 0
        self.start()

    def patched_fsync(self) -> AbstractContextManager[object]:
        """Replace the journal's fsync by a note of how far the file is safe from power loss."""
        return mock.patch("brickwork_broker.journal.os.fsync", self._note_fsync)

    def _note_fsync(self, file: int) -> None:
        status = os.fstat(file)
        if stat.S_ISREG(status.st_mode):
            self._synced_bytes = status.st_size

    # --- Life and death of the broker.

    def start(self) -> None:
        """Start the broker over its journal."""
        with self.patched_fsync():
            self.book = Book(self._path, Limits(CAPACITY_BYTES, queue_max=64), self._clock_ms())
        self.checkers.broker_started()
        self.world.note("broker starts")
        self._life += 1
        life = self._life
        self.world.after(SWEEP_MS, lambda: self._sweep(life))

    def crash(self) -> None:
        """Kill the broker; whoever waits for an answer hears nothing."""
        if self.book is None:
            return
        self.faults["broker killed"] += 1
        self.world.note("broker killed")
        self.book.close()
        self.book = None
        self._polls.clear()
        self.world.after(self.world.between(50, 8_000), self.start)

    def lose_power(self) -> None:
        """Stop the machine: every process ends, and what was not forced to the disk may go."""
        if self.book is None:
            return
        self.faults["power lost"] += 1
        size = self._path.stat().st_size
        kept = self.world.between(self._synced_bytes, size)
        self.crash()
        os.truncate(self._path, kept)
        self.world.note(f"power lost, journal {size} -> {kept}")
        self.world.boot_count += 1
        # Monotonic clocks begin anew with the boot.
        self._clock_zero_ms = self.world.now_ms
        self.checkers.power_lost()
        for process in list(self.world.memory_bytes):
            self.world.kill(process)
        for act in self.on_power_loss:
            act()

    def blind_the_probe(self) -> None:
        """Let the probe see nothing for a while, at most its stated five seconds."""
        self.faults["probe blind"] += 1
        self.blind_until_ms = self.world.now_ms + self.world.between(500, 5_000)

    def _clock_ms(self) -> int:
        return self.world.now_ms - self._clock_zero_ms

    def _sweep(self, life: int) -> None:
        if self.book is None or life != self._life:
            return
        self.deliver(Tick())
        if self.book is not None:
            self._look_at(self.book.ledger.processes())
        self.world.after(SWEEP_MS, lambda: self._sweep(life))

    def _look_at(self, processes: set[Process]) -> None:
        if self.world.now_ms < self.blind_until_ms:
            self.checkers.nothing_was_seen()
            return
        for process in sorted(processes, key=lambda process: process.pid):
            if self.book is not None and not self.world.is_alive(process):
                self.deliver(ConfirmGone(process))

    # --- The network.

    def call(self, command: Command, wait_ms: int, reply: Reply) -> None:
        """Send a command; `reply` hears the answer, or None when none came in time."""
        is_open = True

        def answer(said: Answer | None) -> None:
            nonlocal is_open
            if is_open:
                is_open = False
                reply(said)

        copies = 1
        if self.are_faults_on:
            if self.world.chance(0.03):
                copies = 0
                self.faults["request lost"] += 1
            elif self.world.chance(0.03):
                copies = 2
                self.faults["request doubled"] += 1
        for copy in range(copies):
            delay_ms = self.world.between(1, 20)
            if copy or (self.are_faults_on and self.world.chance(0.05)):
                self.faults["request late"] += 1
                delay_ms = self.world.between(100, 40_000)
            self.world.after(delay_ms, lambda: self._arrive(command, answer))
        self.world.after(wait_ms + RPC_MS, lambda: answer(None))

    def _arrive(self, command: Command, answer: Reply) -> None:
        def send_back(said: Answer | None) -> None:
            if self.are_faults_on and self.world.chance(0.03):
                self.faults["answer lost"] += 1
                return
            self.world.after(self.world.between(1, 20), lambda: answer(said))

        events = self.deliver(command) if self.book is not None else None
        if events is None:
            return
        token_id = _token_of(command)
        row = self._row(token_id)
        if isinstance(command, Release) and isinstance(row, Grant):
            self._look_at(set(row.users))
            row = self._row(token_id)
        if any(isinstance(event, Refused) for event in events):
            send_back(Answer(TokenState.REFUSED))
        elif isinstance(row, Waiter) and isinstance(command, Acquire):
            poll = (token_id, send_back)
            self._polls.append(poll)
            self.world.after(command.wait_ms, lambda: self._end_poll(poll))
        else:
            send_back(_answer(row))

    def _end_poll(self, poll: tuple[str, Reply]) -> None:
        if poll in self._polls:
            self._polls.remove(poll)
            poll[1](_answer(self._row(poll[0])))

    def _row(self, token_id: str) -> Grant | Waiter | TokenState | None:
        return self.book.ledger.find(token_id) if self.book is not None else None

    # --- One decision.

    def deliver(self, command: Command) -> tuple[Event, ...] | None:
        """Carry out a command, unless the broker dies of it; check every promise after it."""
        assert self.book is not None
        size_before = self._path.stat().st_size
        with self.patched_fsync():
            events = self.book.apply(command, self._clock_ms())
        size_after = self._path.stat().st_size
        if self.are_faults_on and size_after > size_before and self.world.chance(0.01):
            self.faults["journal torn"] += 1
            kept = self.world.between(size_before, size_after)
            self.crash()
            os.truncate(self._path, kept)
            return None
        for event in events:
            self.world.note(repr(event))
        self.checkers.decided(self.book.ledger, events)
        for poll in list(self._polls):
            if not isinstance(self._row(poll[0]), Waiter):
                self._end_poll(poll)
        return events


def _token_of(command: Command) -> str:
    if isinstance(command, Acquire):
        return command.request.token_id
    assert not isinstance(command, ConfirmGone | Tick)
    return command.token_id


def _answer(row: Grant | Waiter | TokenState | None) -> Answer | None:
    if isinstance(row, Grant):
        return Answer(row.state, row.epoch, row.granted_bytes)
    if isinstance(row, Waiter):
        return Answer(TokenState.QUEUED)
    return Answer(row) if row is not None else None
