"""Play the soak: `python -m tools.soak [--minutes N]`, with real processes and in virtual time.

The status is 1 when a job failed for memory, or more was in use than there is.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

from brickwork_broker.core.request import WorkClass
from tools.soak import others, real, virtual
from tools.soak.figures import Course, jain, percentile, right_share, shares, waits_seconds
from tools.soak.load import read_load

MIB = 1024**2


def main() -> int:
    """Play and tell."""
    parser = argparse.ArgumentParser(prog="tools.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long jobs ask")
    minutes = parser.parse_args().minutes
    load = read_load(minutes)
    print(f"soak: {len(load.jobs)} jobs within {minutes:g} min, {load.capacity_bytes // MIB} MiB")
    policies = {"broker": virtual.lent, "first come": others.first_come, "split": others.split}
    for name, policy in policies.items():
        for line in _told(policy(load)):
            print(f"soak: in virtual time, {name}: {line}")
    played = real.play(minutes)
    for line in _waits(played.waits_seconds):
        print(f"soak: in real time: {line}")
    told = [one for job in played.jobs for one in job["forecasts"]]
    right = sum(low <= true <= high for low, high, true in told)
    print(
        f"soak: in real time: jobs failed for memory {played.failed}, over-granted bytes "
        f"{played.over_granted_bytes}, at most {played.highest_bytes // MIB} MiB of "
        f"{played.capacity_bytes // MIB} in use at {played.sample_count} looks, tokens "
        f"{dict(played.fates)}, forecasts that held the wait {right} of {len(told)}, promises "
        f"broken {len(played.breaches)}"
    )
    return 1 if played.failed or played.over_granted_bytes or played.breaches else 0


def _waits(waits_seconds: Mapping[WorkClass, Sequence[float]]) -> Iterator[str]:
    for work_class, waits in waits_seconds.items():
        half, most = percentile(waits, 0.5), percentile(waits, 0.95)
        yield f"{work_class.value} waits {half:.1f} s (median), {most:.1f} s (95 of 100)"


def _told(courses: list[Course]) -> Iterator[str]:
    yield from _waits(waits_seconds(courses))
    right, count = right_share(courses)
    loads, gave_way = (sum(getattr(one, name) for one in courses) for name in ("loads", "gave_way"))
    yield (
        f"Jain's index between tenants {jain(shares(courses)):.3f}, loads {loads}, "
        f"gave way {gave_way}, forecasts that held the wait {right:.0%} of {count}"
    )


if __name__ == "__main__":
    sys.exit(main())
