"""Run one seed: minutes of faults, then peace, then everything must have come back."""

import hashlib
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from services.broker.tests.sim.checkers import Checkers, Violation
from services.broker.tests.sim.holder import Holder
from services.broker.tests.sim.node import CAPACITY_BYTES, Node
from services.broker.tests.sim.world import World

FAULTS_MS = 300_000
PEACE_MS = 600_000
"""More than the longest freeze, the longest hold and the longest wait for evidence together."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one seed showed."""

    seed: int
    step_count: int
    grant_count: int
    faults: Counter[str]
    violations: list[Violation]
    trace: list[str]

    @property
    def digest(self) -> str:
        """Hash of the whole story; equal for equal seeds and equal code."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def run(seed: int) -> Result:
    """Simulate one seed to its end, or to its first violation."""
    world = World(seed)
    checkers = Checkers(world)
    try:
        with tempfile.TemporaryDirectory() as folder:
            faults = _simulate(world, checkers, Path(folder))
    except AssertionError as error:
        # The broker's own assertions stay on in production; here they count like a checker.
        faults = Counter[str]()
        checkers.violations.append(Violation("assertion", world.now_ms, str(error)))
    return Result(
        seed=seed,
        step_count=world.step_count,
        grant_count=sum(" Granted(" in line for line in world.trace),
        faults=faults,
        violations=checkers.violations,
        trace=world.trace,
    )


def _simulate(world: World, checkers: Checkers, folder: Path) -> Counter[str]:
    node = Node(world, checkers, folder)
    holders = [Holder(world, node, f"brick{number}") for number in range(world.between(3, 10))]
    _hurt(world, node, holders)
    while world.now_ms < FAULTS_MS and not checkers.violations:
        _step(world, checkers, node)
    node.are_faults_on = False
    for holder in holders:
        holder.wants_more = False
    while world.now_ms < FAULTS_MS + PEACE_MS and not checkers.violations:
        _step(world, checkers, node)
    if not checkers.violations:
        assert node.book is not None, "the broker starts again by itself"
        checkers.end(node.book.ledger)
    if node.book is not None:
        node.book.close()
    return node.faults


def _step(world: World, checkers: Checkers, node: Node) -> None:
    world.step()
    if node.book is not None:
        checkers.step(node.book.ledger, CAPACITY_BYTES)


def _hurt(world: World, node: Node, holders: list[Holder]) -> None:
    """Do harm every few seconds until the faults are switched off."""
    if not node.are_faults_on:
        return
    holder = world.random.choice(holders)
    acts = (
        (holder.crash, 4),
        (holder.freeze, 4),
        (holder.crash_engine, 3),
        (holder.hang_engine, 4),
        (node.blind_the_probe, 2),
        (node.crash, 2),
        (node.lose_power, 1),
    )
    act = world.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
    act()
    world.after(world.between(500, 15_000), lambda: _hurt(world, node, holders))
