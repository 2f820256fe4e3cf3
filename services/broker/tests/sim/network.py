"""The way to the broker and back: it loses, doubles and delays what is said."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from brickwork_broker.core.commands import Abandon, Acquire, Release, Renew
from brickwork_broker.core.events import Refused
from brickwork_broker.core.token import Grant, TokenState, Waiter
from services.broker.tests.sim.eyes import Eyes
from services.broker.tests.sim.node import Node
from services.broker.tests.sim.world import World

RPC_MS = 5_000
"""How long a holder waits for an answer beyond what it asked the broker to wait."""

Call = Acquire | Renew | Release


@dataclass(frozen=True, slots=True)
class Answer:
    """What the wire would say: where the token stands, or that the command was refused."""

    state: TokenState
    epoch: int = 0
    granted_bytes: int = 0
    keep_bytes: int | None = None


Reply = Callable[[Answer | None], None]


class Network:
    """Carry commands to the broker and answers back.

    Attributes:
        heard: the latest commands that were sent, for whoever says them again.
    """

    def __init__(self, world: World, node: Node, eyes: Eyes) -> None:
        self.heard: deque[Call] = deque(maxlen=200)
        self._world = world
        self._node = node
        self._eyes = eyes
        self._polls: list[tuple[str, Reply]] = []
        node.on_start.append(self._polls.clear)
        node.on_change.append(self._answer_polls)

    def call(self, command: Call, wait_ms: int, reply: Reply) -> None:
        """Send a command; `reply` hears the answer, or None when none came in time."""
        is_open = True

        def answer(said: Answer | None) -> None:
            nonlocal is_open
            if is_open:
                is_open = False
                reply(said)

        self.heard.append(command)
        for delay_ms in self._delays_ms():
            self._world.after(delay_ms, lambda: self._arrive(command, answer))
        self._world.after(wait_ms + RPC_MS, lambda: answer(None))

    def hang_up(self, token_id: str) -> None:
        """Leave a call that waits, as a caller that is gone does."""
        for poll in list(self._polls):
            if poll[0] == token_id:
                self._polls.remove(poll)
        if self._node.book is not None:
            self._node.deliver(Abandon(token_id))

    def _delays_ms(self) -> list[int]:
        """Return when each copy of a message arrives."""
        world, faults = self._world, self._node.faults
        delay_ms = world.between(1, 20)
        if not self._node.are_faults_on:
            return [delay_ms]
        if world.chance(0.03):
            faults["request lost"] += 1
            return []
        if world.chance(0.03):
            faults["request doubled"] += 1
            return [delay_ms, world.between(100, 40_000)]
        if world.chance(0.03):
            faults["request late"] += 1
            return [world.between(100, 40_000)]
        return [delay_ms]

    def _arrive(self, command: Call, answer: Reply) -> None:
        def send_back(said: Answer | None) -> None:
            if self._node.are_faults_on and self._world.chance(0.03):
                self._node.faults["answer lost"] += 1
                return
            self._world.after(self._world.between(1, 20), lambda: answer(said))

        events = self._node.deliver(command) if self._node.book is not None else None
        if events is None:
            return
        token_id = command.request.token_id if isinstance(command, Acquire) else command.token_id
        row = self._node.row(token_id)
        if isinstance(command, Release) and isinstance(row, Grant):
            self._eyes.look_for_dead(set(row.users))
            row = self._node.row(token_id)
        if any(isinstance(event, Refused) for event in events):
            send_back(Answer(TokenState.REFUSED))
        elif isinstance(row, Waiter) and isinstance(command, Acquire):
            poll = (token_id, send_back)
            self._polls.append(poll)
            self._world.after(command.wait_ms, lambda: self._end_poll(poll))
        else:
            send_back(_answer(row))

    def _answer_polls(self) -> None:
        for poll in list(self._polls):
            if not isinstance(self._node.row(poll[0]), Waiter):
                self._end_poll(poll)

    def _end_poll(self, poll: tuple[str, Reply]) -> None:
        if poll in self._polls:
            self._polls.remove(poll)
            poll[1](_answer(self._node.row(poll[0])))


def _answer(row: Grant | Waiter | TokenState | None) -> Answer | None:
    if isinstance(row, Grant):
        keep_bytes = None if row.demand is None else row.demand.keep_bytes
        return Answer(row.state, row.epoch, row.granted_bytes, keep_bytes)
    if isinstance(row, Waiter):
        return Answer(TokenState.QUEUED)
    return Answer(row) if row is not None else None
