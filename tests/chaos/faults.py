"""What can go wrong with a running mesh, and how it is made to."""

import errno
import fcntl
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from tests.chaos.tally import Outcome
from tests.conftest import Mesh

PROCESSES = ("asr", "diarize", "broker", "worker-interactive", "gateway", "valkey")
BLOWS_SECONDS = 12.0
"""The blows of a round fall within so many seconds: most jobs of the round still run."""
HOLD_SECONDS = (1.0, 8.0)
"""How long what is only held up stays so."""
FROZEN_SECONDS_MAX = 60.0
"""A frozen process is to be found and replaced by then: 25 s to find it, and the rest to start on a
machine that does other things too."""
VICTIM_SECONDS_MAX = 60.0
_ASK_SECONDS = 0.1


@dataclass(frozen=True)
class Fault:
    """A blow.

    Attributes:
        kind: what is done.
        victim: to whom.
        at_seconds: when, from the start of the round.
        hold_seconds: for how long, where it has an end of its own.
    """

    kind: str
    victim: str
    at_seconds: float
    hold_seconds: float

    def strike(self, mesh: Mesh, disk: Path | None) -> Outcome:
        """Wait for the moment, do it, and return once the victim is whole again."""
        time.sleep(self.at_seconds)  # the random moment is what the test is about
        recovery_seconds = _BLOWS[self.kind](mesh, self, disk)
        return Outcome(self.kind, self.victim, recovery_seconds)


def drawn(seed: int, *, has_disk: bool) -> list[Fault]:
    """Draw the faults of a round: each kind of process has one, and one of them freezes for good.

    Which one that is goes round with the seed, and so does what happens to the store.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    victims = [*PROCESSES, "engine of asr"]
    kinds = dict.fromkeys(victims, "")
    kinds[victims[seed % len(victims)]] = "frozen"
    for victim, kind in kinds.items():
        if not kind:
            kinds[victim] = chance.choice(["killed", "held up"])
    # What Valkey held is gone each time that it dies, and may be gone while it lives.
    if kinds["valkey"] == "held up":
        kinds["valkey"] = chance.choice(["held up", "emptied"])
    if kinds["engine of asr"] == "frozen":
        del kinds["asr"]  # whose death would be that of its engine too
    kinds["object store"] = ["taken away", "slow"][seed % 2]
    if has_disk and seed % 3 == 0:
        kinds["disk"] = "full"
    return [
        Fault(kind, victim, chance.uniform(0.0, BLOWS_SECONDS), chance.uniform(*HOLD_SECONDS))
        for victim, kind in kinds.items()
    ]


def _killed(mesh: Mesh, fault: Fault, _: Path | None) -> float:
    return _replaced(mesh, fault.victim, signal.SIGKILL)


def _frozen(mesh: Mesh, fault: Fault, _: Path | None) -> float:
    taken = _replaced(mesh, fault.victim, signal.SIGSTOP)
    assert taken <= FROZEN_SECONDS_MAX, f"{fault.victim} was frozen for {taken:.0f} s"
    return taken


def _held_up(mesh: Mesh, fault: Fault, _: Path | None) -> float:
    victim = _victim(mesh, fault.victim)
    if victim is None:
        return 0.0
    with suppress(psutil.NoSuchProcess):  # another blow may strike it meanwhile
        victim.suspend()
        time.sleep(fault.hold_seconds)
        victim.resume()
    return fault.hold_seconds


def _emptied(mesh: Mesh, _: Fault, __: Path | None) -> float:
    address = mesh.address_of("valkey").removeprefix("unix:")
    with redis.Redis(unix_socket_path=address) as client:
        client.flushall()
    return 0.0


def _taken_away(mesh: Mesh, fault: Fault, _: Path | None) -> float:
    """Take the store away; a file stands in its place, so that nobody makes an empty one there."""
    objects, away = mesh.home / "objects", mesh.home / "objects-away"
    objects.rename(away)
    objects.touch()
    time.sleep(fault.hold_seconds)
    objects.unlink()
    away.rename(objects)
    return fault.hold_seconds


def _slow(mesh: Mesh, fault: Fault, _: Path | None) -> float:
    """Let nobody begin to write an object: the lock that writers share is held alone."""
    with (mesh.home / "objects" / ".incoming" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        time.sleep(fault.hold_seconds)
    return fault.hold_seconds


def _full(_: Mesh, fault: Fault, disk: Path | None) -> float:
    assert disk is not None, "only drawn where there is a disk to fill"
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    time.sleep(fault.hold_seconds)
    filler.unlink()
    return fault.hold_seconds


_BLOWS: dict[str, Callable[[Mesh, Fault, Path | None], float]] = {
    "killed": _killed,
    "frozen": _frozen,
    "held up": _held_up,
    "emptied": _emptied,
    "taken away": _taken_away,
    "slow": _slow,
    "full": _full,
}


def _replaced(mesh: Mesh, name: str, number: signal.Signals) -> float:
    """Send a signal that ends the victim, or has it ended; wait until another is in its place."""
    victim = _victim(mesh, name)
    if victim is None:
        return 0.0
    began = time.monotonic()
    with suppress(psutil.NoSuchProcess):  # another blow may have struck it just now
        victim.send_signal(number)
        while victim.is_running() and victim.status() != psutil.STATUS_ZOMBIE:
            time.sleep(_ASK_SECONDS)
            assert time.monotonic() - began < 2 * FROZEN_SECONDS_MAX, f"{name} still stands"
    if not name.startswith("engine of "):
        # An engine is started again when somebody asks for it.
        _victim(mesh, name, but_pid=victim.pid)
    return time.monotonic() - began


def _victim(mesh: Mesh, name: str, but_pid: int = 0) -> psutil.Process | None:
    """Wait for a living process of this name; None when no engine was loaded in that time."""
    deadline = time.monotonic() + VICTIM_SECONDS_MAX
    brick = name.removeprefix("engine of ")
    while time.monotonic() < deadline:
        process = mesh.ready_process(brick)
        if process is not None and brick != name:
            process = engine_of(process)
        if process is not None and process.pid != but_pid:
            return process
        time.sleep(_ASK_SECONDS)
    assert brick != name, f"{name} did not come back within {VICTIM_SECONDS_MAX:.0f} s"
    return None


def engine_of(brick: psutil.Process) -> psutil.Process | None:
    """Find the engine process of a brick; None when it has none."""
    try:
        engines = [one for one in brick.children() if "brickwork_sdk.engine.child" in one.cmdline()]
    except psutil.NoSuchProcess:
        return None
    return engines[0] if engines else None
