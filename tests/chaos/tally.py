"""What a run of rounds adds up to, as a table to be read."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

PROPERTY = "chaos"


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
    """Add up the rounds that these tests report; nothing when there are none."""
    rounds = [json.loads(str(one[PROPERTY])) for one in properties if PROPERTY in one]
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
