"""How well footprints are learned: from processes that really take memory, and from drawn runs.

Processes show that what the probe reads can be learned from. How rarely a run takes more than was
expected needs thousands of runs to be told.
"""

import random
from dataclasses import dataclass

from brickwork_broker.core.footprints import Footprints, Run
from brickwork_broker.core.request import Process, Workload
from brickwork_broker.core.sight import Sight
from brickwork_broker.node.probe import HostProbe
from tools.soak.real_memory import OWN_BYTES, RealMemory

RUNS_BEFORE, RUNS = 20, 45
SPREADS = (0.02, 0.05, 0.1)
"""Standard deviation of what one run takes, over the mean."""
MEAN_BYTES = 80 * 1024**2
WORKLOADS, DRAWN_RUNS = 40, 60


@dataclass(frozen=True)
class Errors:
    """How far estimates lay from what was taken, after `RUNS_BEFORE` runs of each workload.

    Attributes:
        relative: estimate over taken less 1, of each run.
    """

    relative: list[float]

    @property
    def under(self) -> float:
        """Which share of the runs took more than was expected."""
        return sum(one < 0 for one in self.relative) / len(self.relative)


async def errors() -> Errors:
    """Run processes, one workload of each spread, again and again."""
    probe, chance = HostProbe(), random.Random(58)  # noqa: S311 - the same each time
    relative: list[float] = []
    for spread in SPREADS:
        footprints = Footprints(probe.device)
        workload = Workload(f"spread {spread:g}", weights_bytes=MEAN_BYTES // 2)
        for number in range(RUNS):
            size_bytes = int(MEAN_BYTES * chance.gauss(1.0, spread))
            run = await _run(footprints, probe, f"run-{number}", workload, size_bytes)
            if number >= RUNS_BEFORE:
                relative.append(run.estimate_bytes / run.taken_bytes - 1)
    return Errors(relative)


def drawn_errors() -> Errors:
    """Draw the runs of many workloads of each spread."""
    chance = random.Random(58)  # noqa: S311 - the same each time
    relative: list[float] = []
    for spread in SPREADS * WORKLOADS:
        footprints, user = Footprints("drawn"), Process("boot", 1, 1)
        mean_bytes = chance.uniform(0.5, 50) * MEAN_BYTES
        workload = Workload("drawn", weights_bytes=int(mean_bytes / 2))
        for number in range(DRAWN_RUNS):
            size_bytes = int(mean_bytes * chance.gauss(1.0, spread))
            for is_loading in (True, False):
                taken = {user: size_bytes // 2 if is_loading else size_bytes}
                sight = Sight("drawn", size_bytes, readings=taken, peaks=taken)
                footprints.observe(f"run-{number}", workload, [user], is_loading, sight)
            run = _known(footprints.ended(f"run-{number}"))
            if number >= RUNS_BEFORE:
                relative.append(run.estimate_bytes / run.taken_bytes - 1)
    return Errors(relative)


async def _run(
    footprints: Footprints, probe: HostProbe, token_id: str, workload: Workload, size_bytes: int
) -> Run:
    memory = await RealMemory.start()
    user = Process(memory.identity.boot_id, memory.identity.pid, memory.identity.start_ticks)
    try:
        for is_loading, taken_bytes in ((True, OWN_BYTES), (False, size_bytes)):
            assert await memory.take(taken_bytes), "it lives"
            sight = probe.look([user])
            footprints.observe(token_id, workload, [user], is_loading, sight)
    finally:
        await memory.end()
    return _known(footprints.ended(token_id))


def _known(run: Run | None) -> Run:
    assert run is not None, "it came to work"
    return run
