import subprocess
import sys

import pytest

from services.broker.tests.sim.mutations import MUTATIONS
from services.broker.tests.sim.run import run

SEEDS = range(1, 13)
MUTATION_SEEDS = range(1, 41)


def test_every_promise_holds_under_faults() -> None:
    results = [run(seed) for seed in SEEDS]
    assert [violation for result in results for violation in result.violations] == []
    # A simulation in which little happens would prove little.
    assert sum(result.grant_count for result in results) > 200
    faults = {fault for result in results for fault in result.faults}
    assert faults == {
        "answer lost",
        "broker killed",
        "engine crashed",
        "engine hung",
        "holder crashed",
        "holder frozen",
        "journal torn",
        "power lost",
        "probe blind",
        "request doubled",
        "request late",
        "request lost",
        "slow drain",
    }


def test_a_seed_replays_byte_for_byte_in_another_process() -> None:
    command = [sys.executable, "-m", "services.broker.tests.sim", "--seed", "3"]
    first, second = (subprocess.run(command, capture_output=True, check=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert f"digest      {run(3).digest}\n".encode() in first.stdout


@pytest.mark.parametrize("bug", MUTATIONS)
def test_the_simulator_finds_a_planted_bug(bug: str) -> None:
    mutation = MUTATIONS[bug]
    with mutation.planted():
        broken = next((v for seed in MUTATION_SEEDS for v in run(seed).violations), None)
    assert broken is not None, f"{bug}: not found"
    assert broken.promise in mutation.promises
