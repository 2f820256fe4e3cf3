"""What a run of rounds adds up to, as a table to be read."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

PROPERTY = "chaos"
DEADLINES = {
    "killed_seconds": "memory of a killed holder free again, longest of",
    "cancelled_seconds": "memory of a cancelled job lent to who waits, longest of",
}
"""Properties that carry what a promise really took, with the words that say so."""


@dataclass(frozen=True)
class Outcome:
    """What one fault did.

    Attributes:
        kind: what was done, such as "killed".
        victim: to whom.
        recovery_seconds: from the blow until the victim was whole again.
    """

    kind: str
    victim: str
    recovery_seconds: float


@dataclass(frozen=True)
class Tally:
    """What one round did and checked."""

    round_number: int
    jobs: int
    segments: int
    seconds: float
    outcomes: tuple[Outcome, ...]

    def to_property(self) -> tuple[str, str]:
        """Render for the report of a test, which may cross a process."""
        return PROPERTY, json.dumps(asdict(self))


def table(properties: Iterable[Mapping[str, object]]) -> list[str]:
    """Add up what these tests report; nothing when they were none of ours."""
    reported = list(properties)
    rounds = [json.loads(str(one[PROPERTY])) for one in reported if PROPERTY in one]
    return [*_rounds(rounds), *_deadlines(reported), *_memory(reported)]


def _memory(reported: list[Mapping[str, object]]) -> list[str]:
    rounds = [one for one in reported if "reclaim_seconds" in one]
    if not rounds:
        return []
    taken = sorted(float(str(one["reclaim_seconds"])) for one in rounds)
    most = {
        name: max(int(str(one.get(name, 0))) for one in rounds)
        for name in ("over_granted_bytes", "lost_tokens")
    }
    return [
        f"rounds with real memory {len(rounds)}: over-granted bytes {most['over_granted_bytes']}, "
        f"lost tokens {most['lost_tokens']}, memory of a killed holder free again after "
        f"{taken[len(taken) // 2]:.1f} s (median), {taken[int(0.99 * (len(taken) - 1))]:.1f} s "
        f"(99 of 100), {taken[-1]:.1f} s (longest)"
    ]


def _deadlines(reported: list[Mapping[str, object]]) -> list[str]:
    lines = []
    for name, words in DEADLINES.items():
        taken = [float(str(one[name])) for one in reported if name in one]
        if taken:
            lines.append(f"{words} {len(taken)}: {max(taken):.1f} s")
    return lines


def _rounds(rounds: list[dict[str, Any]]) -> list[str]:
    if not rounds:
        return []
    counts: Counter[tuple[str, str]] = Counter()
    slowest: dict[tuple[str, str], float] = {}
    for outcome in (outcome for one in rounds for outcome in one["outcomes"]):
        key = outcome["victim"], outcome["kind"]
        counts[key] += 1
        slowest[key] = max(slowest.get(key, 0.0), outcome["recovery_seconds"])
    rows = [
        f"{victim:14} {what:24} {counts[victim, what]:6} {slowest[victim, what]:11.1f}"
        for victim, what in sorted(counts)
    ]
    jobs, segments = (sum(one[name] for one in rounds) for name in ("jobs", "segments"))
    return [
        f"{'victim':14} {'what happened':24} {'times':>6} {'slowest (s)':>11}",
        *rows,
        f"rounds {len(rounds)}, faults {counts.total()}, jobs {jobs}, segments {segments}, "
        f"longest round {max(one['seconds'] for one in rounds):.0f} s",
    ]
