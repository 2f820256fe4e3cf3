"""What came of a soak, in figures."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brickwork_broker.core.request import WorkClass
from tools.soak.load import Job


@dataclass
class Course:
    """What came of one job.

    Attributes:
        job: which.
        waited_ms: from asking until its first grant; None while that has not come.
        had: byte-milliseconds of memory that it had while jobs were asking.
        loads: how often its model was loaded.
        gave_way: how often it gave all of its memory back in mid-work.
        is_done: whether all of its work is done.
        forecasts: for each time that it was told how long it would wait: the least and the most
            that it was told, and how long it really was, in ms.
    """

    job: Job
    waited_ms: int | None = None
    had: int = 0
    loads: int = 0
    gave_way: int = 0
    is_done: bool = False
    forecasts: list[tuple[int, int, int]] = field(default_factory=list)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def waits_seconds(courses: Iterable[Course]) -> dict[WorkClass, list[float]]:
    """Return how long the jobs of each class waited for their first grant, in s."""
    waits: dict[WorkClass, list[float]] = defaultdict(list)
    for course in courses:
        waited_ms = math.inf if course.waited_ms is None else course.waited_ms
        waits[course.job.work_class].append(waited_ms / 1000)
    return waits


def shares(courses: Iterable[Course]) -> dict[str, float]:
    """Return for each tenant what it had of the memory over what it asked for."""
    had: dict[str, int] = defaultdict(int)
    asked: dict[str, int] = defaultdict(int)
    for course in courses:
        had[course.job.tenant] += course.had
        asked[course.job.tenant] += course.job.demand
    return {tenant: had[tenant] / asked[tenant] for tenant in asked}


def jain(shares: Mapping[str, float]) -> float:
    """Return Jain's index of fairness: 1 where all have the same, 1/n where one has all.

    Source: Jain, Chiu and Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984.
    """
    total, squares = sum(shares.values()), sum(share**2 for share in shares.values())
    return total**2 / (len(shares) * squares)


def right_share(courses: Iterable[Course]) -> tuple[float, int]:
    """Return which share of the forecasts held the true wait, and how many there were."""
    told = [one for course in courses for one in course.forecasts]
    return sum(low <= true <= high for low, high, true in told) / max(1, len(told)), len(told)
