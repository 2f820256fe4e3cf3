"""Whoever the broker need not trust: foreign programs, floods, forgers, operators in haste."""

from dataclasses import replace

from brickwork_broker.core.commands import (
    Acquire,
    Authority,
    Override,
    Reclassify,
    Release,
    Renew,
    SetDraining,
)
from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from brickwork_broker.core.room import EPOCH_BLOCK
from services.broker.tests.sim.network import Network
from services.broker.tests.sim.node import Node
from services.broker.tests.sim.world import World

FLOOD = 60
"""More than one process may have waiting."""


class Stranger:
    """Take memory without a token, say nonsense, say again what others said, and operate."""

    def __init__(self, world: World, node: Node, network: Network) -> None:
        self._world = world
        self._node = node
        self._network = network

    def take_memory(self) -> None:
        """Start a foreign program that uses the device for a while."""
        self._node.faults["foreign process"] += 1
        process = self._start_for(1_000, 60_000)
        self._world.memory_bytes[process] = self._world.between(20, 400)
        self._world.dishonest.add(process)
        self._world.note(f"pid {process.pid} takes {self._world.memory_bytes[process]}")

    def flood(self) -> None:
        """Ask for more than anybody may have waiting, and never come back."""
        self._node.faults["flood"] += 1
        process = self._start_for(1_000, 30_000)
        for number in range(FLOOD):
            self._say(Acquire(self._request(f"flood-{process.pid}-{number}", process), 2_000))

    def forge(self) -> None:
        """Say what somebody else has said, of another epoch."""
        old = self._heard()
        if isinstance(old, Renew | Release) and old.epoch:
            self._node.faults["forged epoch"] += 1
            step = self._world.random.choice([-1, 1, EPOCH_BLOCK])
            self._say(replace(old, epoch=old.epoch + step))

    def repeat(self) -> None:
        """Say again, long after, what somebody said."""
        old = self._heard()
        if old is not None:
            self._node.faults["said again"] += 1
            self._say(old)

    def reuse_an_id(self) -> None:
        """Ask by an id that somebody else has used, or by none that can be."""
        old = self._heard()
        if isinstance(old, Acquire):
            self._node.faults["id reused"] += 1
            process = self._start_for(1_000, 30_000)
            self._say(Acquire(self._request(old.request.token_id, process), 2_000))
            nonsense = replace(self._request("?", process), guaranteed_bytes=-1)
            self._say(Acquire(nonsense, 2_000))

    # --- Operators.

    def drain(self) -> None:
        """Stop the granting for some seconds."""
        if self._node.book is None or self._node.book.ledger.draining.is_draining:
            return
        self._node.faults["drained"] += 1
        authority = Authority("olga", "to look at the machine")
        self._node.deliver(SetDraining(True, authority))
        self._world.after(self._world.between(1_000, 15_000), self._drain_no_more)

    def override(self) -> None:
        """Answer for the bytes of a quarantined token, rightly or not."""
        if self._node.book is None:
            return
        grants = [one for one in self._node.book.ledger.grants() if not one.is_alive]
        if grants:
            self._node.faults["overridden"] += 1
            grant = self._world.random.choice(grants)
            # Whatever still uses that memory is the operator's word against the truth.
            self._world.dishonest.update(grant.users)
            authority = Authority("olga", "it is gone, I have looked")
            self._node.deliver(Override(grant.request.token_id, authority))

    def reclassify(self) -> None:
        """Move a waiting request to another class."""
        if self._node.book is None:
            return
        waiters = self._node.book.ledger.waiters()
        if waiters:
            self._node.faults["reclassified"] += 1
            waiter = self._world.random.choice(waiters)
            work_class = self._world.random.choice(list(WorkClass))
            authority = Authority("olga", "it is urgent")
            self._node.deliver(Reclassify(waiter.request.token_id, work_class, authority))

    def _drain_no_more(self) -> None:
        done = SetDraining(False, Authority("olga", "done"))
        if self._node.book is None or self._node.deliver(done) is None:
            self._world.after(1_000, self._drain_no_more)

    def _heard(self) -> Acquire | Renew | Release | None:
        heard = self._network.heard
        return self._world.random.choice(heard) if heard else None

    def _say(self, command: Acquire | Renew | Release) -> None:
        self._network.call(command, 2_000, lambda answer: None)

    def _start_for(self, low_ms: int, high_ms: int) -> Process:
        process = self._world.spawn()
        self._world.after(self._world.between(low_ms, high_ms), lambda: self._world.kill(process))
        return process

    def _request(self, token_id: str, process: Process) -> TokenRequest:
        return TokenRequest(
            token_id=token_id,
            holder="stranger",
            purpose="flood",
            guaranteed_bytes=1,
            ceiling_bytes=1,
            work_class=WorkClass.INTERACTIVE,
            tenant="stranger",
            renew_within_ms=5_000,
            process=process,
        )
