"""Processes that really have memory die and freeze, and nobody ever has what another one has.

A round strikes one holder and measures how long its memory takes to be free, and then the broker or
its probe, while another holder freezes or its event loop blocks, at moments that its number
decides. `make reclaim ROUNDS=200` runs many.
"""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from brickwork_broker.audit.auditor import check_history
from brickwork_sdk.audit.chain import check_chain
from tests.chaos.memory_holder import BLOCKED_SECONDS, LIFETIME_SECONDS
from tests.chaos.memory_scene import CAPACITY_BYTES, HOLDERS, Kept, Scene, scene, wait_until
from tools.soak.broker_process import allocators

RECLAIM_SECONDS_MAX = 10.0
RECOVERY_SECONDS_MAX = 40.0
HOLDING_SECONDS = 40.0
FROZEN_SECONDS = 1.5 * LIFETIME_SECONDS
STUNNED_SECONDS = 3.0
"""How long broker or probe are frozen: less than any promise allows for."""


@pytest.fixture(scope="module", name="stage")
def _stage(request: pytest.FixtureRequest) -> Iterator[Scene]:
    first_round = request.config.getoption("--first-round", default=1)
    with scene(first_round) as made:
        yield made
        made.close()
        assert all(made.fates[name, "done"] for name in HOLDERS), made.fates
        assert check_chain(made.home.audit).damages == []
        history, breaches = check_history(made.home.audit)
        assert breaches == []
        assert history.start_count > 0


@pytest.fixture(scope="module")
def frozen() -> set[str]:
    """Who was frozen for longer than its token lives, and may have lost it."""
    return set()


def test_what_is_held_is_never_more_than_there_is(
    stage: Scene,
    frozen: set[str],
    round_number: int,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(round_number)  # noqa: S311 - a round can be repeated
    victim, other = chance.sample(HOLDERS, 2)
    reclaim_seconds = reclaimed(stage, victim)
    record_property("reclaim_seconds", reclaim_seconds)
    held_up = hold_up(stage.holders[other].process.pid, blocks=round_number % 3 == 0)
    if round_number % 3:
        frozen.add(other)
    time.sleep(chance.uniform(0.0, 1.0))
    strike(stage, round_number, chance)
    held_up.join()
    wait_until(stage.lends, RECOVERY_SECONDS_MAX)
    record_property("lost_tokens", sum(stage.lost(name) for name in HOLDERS if name not in frozen))
    over_bytes = max(0, stage.highest_bytes - CAPACITY_BYTES)
    record_property("over_granted_bytes", over_bytes)
    assert reclaim_seconds <= RECLAIM_SECONDS_MAX
    assert {name for name in HOLDERS if stage.lost(name)} <= frozen
    assert stage.sample_count > 0
    assert over_bytes == 0


def reclaimed(stage: Scene, victim: str) -> float:
    """Kill a holder that holds memory; return how long its tokens stay charged."""
    wait_until(lambda: bool(stage.token_ids(victim)), HOLDING_SECONDS)
    process, held = stage.holders[victim].process, stage.token_ids(victim)
    process.kill()
    return wait_until(lambda: not held & stage.token_ids(victim), 3 * RECLAIM_SECONDS_MAX)


def hold_up(pid: int, *, blocks: bool) -> threading.Thread:
    """Block the event loop of a holder for three lifetimes, or freeze all of it for more than one.

    Returns:
        What ends when that is over.
    """
    process = psutil.Process(pid)

    def block() -> None:
        process.send_signal(signal.SIGUSR1)
        time.sleep(BLOCKED_SECONDS)

    def freeze() -> None:
        process.suspend()
        time.sleep(FROZEN_SECONDS)
        process.resume()

    thread = threading.Thread(target=block if blocks else freeze)
    thread.start()
    return thread


def strike(stage: Scene, round_number: int, chance: random.Random) -> None:
    """Kill or freeze the broker or its probe, or kill a process that has memory."""
    match round_number % 5:
        case 0:
            engines = allocators(psutil.Process())
            if engines:
                chance.choice(engines).kill()
        case 1:
            killed(stage.broker)
        case 2:
            killed(stage.probe)
        case 3:
            stun(stage.broker.process.pid)
        case _:
            stun(stage.probe.process.pid)


def killed(kept: Kept) -> None:
    """Kill a process, and wait until it is another one."""
    victim = kept.process
    victim.kill()
    wait_until(lambda: kept.process is not victim, RECOVERY_SECONDS_MAX)


def stun(pid: int) -> None:
    """Freeze a process for a while."""
    process = psutil.Process(pid)
    process.suspend()
    time.sleep(STUNNED_SECONDS)
    process.resume()
