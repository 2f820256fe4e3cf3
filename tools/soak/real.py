"""Play a soak in real time: a broker, a process for each tenant, and processes that have memory."""

import json
import math
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil

from brickwork_broker.audit.auditor import check_history
from brickwork_broker.core.request import WorkClass
from tools.soak.broker_process import allocators, broker, own_bytes
from tools.soak.load import read_load

SAMPLE_SECONDS = 0.2


@dataclass
class Real:
    """What came of a soak.

    Attributes:
        jobs: what each tenant told of its jobs.
        fates: how their tokens ended.
        capacity_bytes: what there was.
        highest_bytes: the most that all processes really had at once.
        sample_count: how often that was looked at.
        breaches: promises that the audit log shows broken.
    """

    capacity_bytes: int
    jobs: list[dict[str, Any]] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    highest_bytes: int = 0
    sample_count: int = 0
    breaches: list[str] = field(default_factory=list)

    @property
    def over_granted_bytes(self) -> int:
        """What was in use beyond what there is, at the worst moment."""
        return max(0, self.highest_bytes - self.capacity_bytes)

    @property
    def failed(self) -> int:
        """How many jobs were not done in the end, or had a token taken from them at work."""
        return sum(one["fates"][-1:] != ["done"] or "lost" in one["fates"] for one in self.jobs)

    @property
    def waits_seconds(self) -> dict[WorkClass, list[float]]:
        """How long the jobs of each class waited for their first grant, in s."""
        waits: dict[WorkClass, list[float]] = defaultdict(list)
        for one in self.jobs:
            waited_seconds = one["waited_seconds"]
            waits[WorkClass(one["job"]["work_class"])].append(
                math.inf if waited_seconds is None else waited_seconds
            )
        return waits


def play(minutes: float) -> Real:
    """Play a load, so many minutes of it, and wait until all of it is done."""
    load = read_load(minutes)
    real = Real(load.capacity_bytes)
    with broker(load.capacity_bytes) as home:
        tenants = [_tenant(home.address, name, minutes) for name in _names()]
        over = threading.Event()
        sampler = threading.Thread(target=_sample, args=(real, over))
        sampler.start()
        try:
            hearers = [threading.Thread(target=_hear, args=(real, one)) for one in tenants]
            for one in hearers:
                one.start()
            for one in hearers:
                one.join()
        finally:
            over.set()
            sampler.join()
            for tenant in tenants:
                tenant.kill()
                tenant.wait()
        _, breaches = check_history(home.audit)
        real.breaches = [breach.message for breach in breaches]
    missing = len(load.jobs) - len(real.jobs)
    assert missing == 0, f"{missing} jobs were never told of"
    return real


def _names() -> Iterator[str]:
    yield from sorted({job.tenant for job in read_load().jobs})


def _tenant(address: str, name: str, minutes: float) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tools.soak.tenant", address, name, str(minutes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _hear(real: Real, tenant: "subprocess.Popen[bytes]") -> None:
    assert tenant.stdout is not None
    with tenant.stdout as lines:
        for line in lines:
            job = json.loads(line)
            real.jobs.append(job)
            real.fates.update(job["fates"])


def _sample(real: Real, over: threading.Event) -> None:
    me = psutil.Process()
    while not over.wait(SAMPLE_SECONDS):
        found = allocators(me)
        first = [own_bytes(one) for one in found]
        second = [own_bytes(one) for one in found]
        # What a process had at both looks it had between them, where all had it at once.
        held_bytes = sum(map(min, first, second))
        real.highest_bytes = max(real.highest_bytes, held_bytes)
        real.sample_count += 1
