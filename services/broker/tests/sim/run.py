"""Run one seed: minutes of faults, then peace, then everything must have come back."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.broker.tests.sim.being import Being
from services.broker.tests.sim.brick import Brick
from services.broker.tests.sim.checkers import TURN_MS, Checkers, Violation
from services.broker.tests.sim.eyes import Eyes
from services.broker.tests.sim.network import Network
from services.broker.tests.sim.node import Node
from services.broker.tests.sim.person import Person
from services.broker.tests.sim.stranger import Stranger
from services.broker.tests.sim.world import World

FAULTS_MS = 300_000
CALM_MS = 120_000
"""Without faults, but with as much work; models stay where they are until they are asked to go."""
PEACE_MS = 600_000
"""More than the longest freeze, the longest hold and the longest wait for evidence together."""
LEAVING_MS = 60_000


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
    with tempfile.TemporaryDirectory() as folder:
        node = Node(world, checkers, Path(folder))
        with node.disk.mounted():
            try:
                _simulate(world, checkers, node)
            except AssertionError as error:
                # The broker's own assertions stay on in production; here they count as a checker.
                checkers.violations.append(Violation("assertion", world.now_ms, str(error)))
        if node.book is not None:
            node.book.close()
    return Result(
        seed=seed,
        step_count=world.step_count,
        grant_count=sum(" Granted(" in line for line in world.trace),
        faults=+node.faults,
        violations=checkers.violations,
        trace=world.trace,
    )


def _simulate(world: World, checkers: Checkers, node: Node) -> None:
    eyes = Eyes(world, node)
    network = Network(world, node, eyes)
    node.start()
    brick_count = world.between(10, 20) if world.chance(0.25) else world.between(3, 8)
    beings: list[Being] = [
        *(Brick(world, node, network, f"brick{n}") for n in range(brick_count)),
        *(Person(world, node, network, f"person{n}") for n in range(world.between(0, 3))),
    ]
    _hurt(world, node, _harms(world, node, network, eyes, beings))
    _until(FAULTS_MS, world, checkers, node)
    node.are_faults_on = False
    _until(FAULTS_MS + CALM_MS, world, checkers, node)
    for being in beings:
        being.wants_more = False
    _peace(len(beings), world, checkers, node)
    if world.stuck is not None:
        world.kill(world.stuck)
    _peace(len(beings), world, checkers, node)
    for being in beings:
        being.rest_no_longer()
    _until(world.now_ms + LEAVING_MS, world, checkers, node)
    if not checkers.violations:
        assert node.book is not None, "the broker starts again by itself"
        checkers.end(node.book.ledger)


def _peace(being_count: int, world: World, checkers: Checkers, node: Node) -> None:
    """Let all be served; where what is left has room for one at a time that takes its time."""
    _until(world.now_ms + PEACE_MS, world, checkers, node)
    for _ in range(being_count):
        if checkers.has_line():
            _until(world.now_ms + TURN_MS, world, checkers, node)
    if not checkers.violations:
        checkers.at_peace()


def _until(end_ms: int, world: World, checkers: Checkers, node: Node) -> None:
    while world.now_ms < end_ms and not checkers.violations:
        world.step()
        checkers.step(node.book is not None)


def _harms(
    world: World, node: Node, network: Network, eyes: Eyes, beings: list[Being]
) -> dict[Callable[[], None], int]:
    """Return what harm can be done, and how often."""
    stranger = Stranger(world, node, network)

    def crash() -> None:
        world.random.choice(beings).crash()

    def freeze() -> None:
        world.random.choice(beings).freeze()

    def hurt_an_engine() -> None:
        being = world.random.choice(beings)
        if isinstance(being, Brick):
            world.random.choice([being.crash_engine, being.hang_engine])()

    return {
        crash: 4,
        freeze: 4,
        hurt_an_engine: 8,
        eyes.go_blind: 2,
        eyes.be_late: 2,
        eyes.be_wrong: 2,
        node.crash: 2,
        node.lose_power: 1,
        node.fill_the_disk: 2,
        stranger.take_memory: 4,
        stranger.flood: 1,
        stranger.forge: 3,
        stranger.repeat: 4,
        stranger.reuse_an_id: 2,
        stranger.drain: 1,
        stranger.override: 2,
        stranger.reclassify: 2,
    }


def _hurt(world: World, node: Node, harms: dict[Callable[[], None], int]) -> None:
    """Do harm every few seconds until the faults are switched off."""
    if node.are_faults_on:
        world.random.choices(list(harms), list(harms.values()))[0]()
        world.after(world.between(300, 10_000), lambda: _hurt(world, node, harms))
