import logging
import subprocess
import sys
from collections import Counter

import pytest

from services.broker.tests.sim.mutations import MUTATIONS, finder_of
from services.broker.tests.sim.run import run

SEEDS = range(1, 81)
SEEDS_A_TEST = 10
FAULTS = {
    "answer lost",
    "broker killed",
    "disk full",
    "does not give way",
    "drained",
    "engine crashed",
    "engine hung",
    "engine stuck",
    "flood",
    "foreign process",
    "forged epoch",
    "hangs in load",
    "holder crashed",
    "holder frozen",
    "id reused",
    "journal torn",
    "lease forgotten",
    "lies about a release",
    "lies about a shrink",
    "never shrinks",
    "overridden",
    "power lost",
    "probe blind",
    "probe late",
    "probe wrong about bytes",
    "reclassified",
    "request doubled",
    "request late",
    "request lost",
    "said again",
    "shrinks slowly",
    "slow drain",
    "takes more than granted",
}


@pytest.fixture(autouse=True)
def no_news_of_simulated_disks(caplog: pytest.LogCaptureFixture) -> None:
    # Set back after each test: others of this process ask for the broker's warnings.
    caplog.set_level(logging.ERROR, logger="brickwork_broker")


@pytest.mark.parametrize("first_seed", SEEDS[::SEEDS_A_TEST])
def test_every_promise_holds_under_faults(first_seed: int) -> None:
    results = [run(seed) for seed in range(first_seed, first_seed + SEEDS_A_TEST)]
    assert [violation for result in results for violation in result.violations] == []
    # A simulation in which little happens would prove little.
    assert sum(result.grant_count for result in results) > 200
    faults = sum((result.faults for result in results), Counter[str]())
    assert faults.keys() <= FAULTS
    assert len(faults) > len(FAULTS) - 5


def test_a_seed_replays_byte_for_byte_in_another_process() -> None:
    command = [sys.executable, "-m", "services.broker.tests.sim", "--seed", "3"]
    first, second = (subprocess.run(command, capture_output=True, check=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert f"digest      {run(3).digest}\n".encode() in first.stdout


@pytest.mark.parametrize("bug", MUTATIONS)
def test_the_simulator_finds_a_planted_bug(bug: str) -> None:
    promise, seed = finder_of(bug)
    assert promise, f"{bug}: not found, or by a checker of something else in seed {seed}"
