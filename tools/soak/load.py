"""Draw the jobs of a soak from its file: the same file gives the same jobs."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brickwork_broker.core.request import WorkClass

LOAD = Path(__file__).with_name("load.toml")
MIB = 1024**2


@dataclass(frozen=True)
class Job:
    """One piece of work: it asks for memory, loads, works and gives the memory back.

    Attributes:
        number: in the order of asking, from 0.
        kind: its name in the file.
        work_class: of the work.
        tenant: who it is for.
        asked_at_ms: when it asks.
        size_bytes: the most that is of use to it.
        guaranteed_bytes: the least.
        load_ms: how long its model takes to load; 0 where it has none.
        work_ms: how long it works after that.
        is_held: it says for how long it holds its memory.
        is_revocable: it gives way between two steps, and goes on later.
    """

    number: int
    kind: str
    work_class: WorkClass
    tenant: str
    asked_at_ms: int
    size_bytes: int
    guaranteed_bytes: int
    load_ms: int
    work_ms: int
    is_held: bool
    is_revocable: bool

    @property
    def demand(self) -> int:
        """How much of the memory it asks for, in byte-milliseconds."""
        return self.size_bytes * (self.load_ms + self.work_ms)


@dataclass(frozen=True)
class Load:
    """All jobs of a soak, in the order of asking.

    Attributes:
        capacity_bytes: what there is for them.
        span_ms: within which they ask.
        shares: what part of all that is asked for each class asks for.
        jobs: who asks for what.
    """

    capacity_bytes: int
    span_ms: int
    shares: dict[WorkClass, float]
    jobs: tuple[Job, ...]


def read_load(minutes: float | None = None, path: Path = LOAD) -> Load:
    """Draw the jobs of a file, for as long as it says or as is said here."""
    file = tomllib.loads(path.read_text("utf-8"))
    chance = random.Random(file["seed"])  # noqa: S311 - the load must be the same each time
    capacity_bytes = file["capacity_mib"] * MIB
    span_ms = int((minutes or file["minutes"]) * 60_000)
    drawn: list[dict[str, Any]] = []
    for kind in file["kind"]:
        wanted = file["load"] * kind["share"] * capacity_bytes
        drawn += _drawn(kind, wanted, span_ms, file["tenants"], chance)
    drawn.sort(key=lambda one: one["asked_at_ms"])
    jobs = tuple(Job(number=number, **one) for number, one in enumerate(drawn))
    shares = {WorkClass(kind["class"]): float(kind["share"]) for kind in file["kind"]}
    return Load(capacity_bytes, span_ms, shares, jobs)


def _drawn(
    kind: dict[str, Any], wanted: float, span_ms: int, tenants: list[str], chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Draw the jobs of one kind, which together ask for so many bytes at each moment."""
    loads, burst = kind.get("load_seconds", [0, 0]), kind.get("burst", 1)
    size_mean = sum(kind["size_mib"]) / 2 * MIB
    span_mean_ms = (sum(kind["work_seconds"]) + sum(loads)) / 2 * 1000
    pause_ms = burst * size_mean * span_mean_ms / wanted
    at_ms, turn = 0.0, 0
    while (at_ms := at_ms + chance.expovariate(1 / pause_ms)) < span_ms:
        turn += 1
        for _ in range(burst):
            size_bytes = int(chance.uniform(*kind["size_mib"]) * MIB)
            yield {
                "kind": kind["name"],
                "work_class": WorkClass(kind["class"]),
                "tenant": tenants[turn % len(tenants)],
                "asked_at_ms": int(at_ms),
                "size_bytes": size_bytes,
                "guaranteed_bytes": size_bytes // (2 if kind.get("shrinkable") else 1),
                "load_ms": int(chance.uniform(*loads) * 1000),
                "work_ms": int(chance.uniform(*kind["work_seconds"]) * 1000),
                "is_held": kind.get("hold", False),
                "is_revocable": kind.get("revocable", False),
            }
