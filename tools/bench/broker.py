"""What the broker takes: its decisions, its calls, and how it lends more than there is.

The soak is one file of jobs, which ask for half as much again as there is. It is played in virtual
time, where other policies get the very same jobs, and for a minute by real processes.
"""

import asyncio
from collections.abc import Iterator
from statistics import median

from tools.bench.broker_calls import CALLERS, ROUNDS, Spans, measured
from tools.bench.decisions import WAITERS, pace
from tools.bench.footprint_runs import RUNS_BEFORE, SPREADS, drawn_errors, errors
from tools.bench.row import Row, at_least, at_most
from tools.soak import others, real, virtual
from tools.soak.figures import Course, jain, percentile, right_share, shares, waits_seconds
from tools.soak.load import Load, read_load

FEW, MANY = 1_000, 10_000
REAL_MINUTES = 1.0
MIB = 1024**2


def measure() -> Iterator[Row | str]:
    """Yield all rows."""
    spans = asyncio.run(measured())
    yield from _calls(spans)
    yield from _decisions(spans)
    load = read_load()
    yield f"{len(load.jobs)} jobs in virtual time"
    lent = virtual.lent(load)
    yield from _fairness(load, lent)
    yield from _waits(load, lent)
    yield from _footprints()
    yield f"{REAL_MINUTES:g} min of real processes"
    yield from _really()


def _calls(spans: Spans) -> Iterator[Row]:
    ratios = [lent / pair for lent, pair in zip(spans.lent, spans.empty_pairs, strict=True)]
    yield Row(
        "p99 of acquire and release over that of two empty calls",
        median(ratios),
        "ratio",
        at_most(3.0),
        f"{CALLERS} callers at once over a Unix socket, by turns, median of {ROUNDS}: "
        f"{1000 * median(spans.lent):.1f} ms over {1000 * median(spans.empty_pairs):.1f} ms",
    )


def _decisions(spans: Spans) -> Iterator[Row]:
    few, many = pace(FEW, 3 * FEW), pace(MANY, MANY)
    yield Row(
        f"a decision of the core at {FEW:,} tokens over an empty call",
        few.seconds / spans.empty,
        "ratio",
        at_most(0.1),
        f"{WAITERS} waiters, mean of {few.count:,} commands of holders {1e6 * few.seconds:.0f} µs, "
        f"the longest {1000 * few.longest_seconds:.1f} ms, which looks over all tokens; an empty "
        f"call of one caller {1e6 * spans.empty:.0f} µs (median)",
    )
    yield Row(
        f"a decision of the core at {MANY:,} tokens over one at {FEW:,}",
        many.seconds / few.seconds,
        "ratio",
        at_most(2.0),
        f"mean of {many.count:,} commands {1e6 * many.seconds:.0f} µs, the longest "
        f"{1000 * many.longest_seconds:.0f} ms; {WAITERS} waiters",
    )
    yield Row(
        f"time of the core for what the probe reads, twice a second, at {FEW:,} tokens",
        1000 * few.look_seconds,
        "ms",
        None,
        f"mean; at {MANY:,} tokens {1000 * many.look_seconds:.0f} ms",
    )


def _fairness(load: Load, lent: list[Course]) -> Iterator[Row]:
    had = shares(lent)
    told = ", ".join(f"{tenant} {share:.2f}" for tenant, share in sorted(had.items()))
    yield Row(
        "Jain's index between tenants of memory had over memory asked for",
        jain(had),
        "ratio",
        at_least(0.9),
        f"virtual time, {len(load.jobs)} jobs within {load.span_ms / 60_000:g} min: {told} of what "
        f"each asked for; first come {jain(shares(others.first_come(load))):.3f}, split by class "
        f"{jain(shares(others.split(load))):.3f}, since all ask for about the same",
    )
    right, count = right_share(lent)
    by_class = ", ".join(
        f"{work_class.value} {share:.0%} of {among}"
        for work_class in load.shares
        for share, among in [right_share([x for x in lent if x.job.work_class is work_class])]
    )
    yield Row(
        "waits that lay within the interval that was told",
        100 * right,
        "%",
        at_least(80.0),
        f"virtual time, asked a second after queueing, {count} waits: {by_class}",
    )
    yield Row(
        "models loaded over models wanted",
        sum(one.loads for one in lent) / sum(one.job.load_ms > 0 for one in lent),
        "ratio",
        None,
        f"virtual time; {sum(one.gave_way for one in lent)} times a batch job gave way and loaded "
        "its model again later",
    )


def _waits(load: Load, lent: list[Course]) -> Iterator[Row]:
    compared = {"first come": others.first_come(load), "split by class": others.split(load)}
    waits = {name: waits_seconds(courses) for name, courses in compared.items()}
    for work_class, own in waits_seconds(lent).items():
        others_told = "; ".join(
            f"{name} {percentile(found[work_class], 0.5):.1f} and "
            f"{percentile(found[work_class], 0.95):.1f} s"
            for name, found in waits.items()
        )
        yield Row(
            f"wait of {work_class.value} work under half as much load again as there is memory",
            percentile(own, 0.5),
            "s",
            None,
            f"virtual time, median of {len(own)}; 95 of 100 within {percentile(own, 0.95):.1f} s. "
            f"The same jobs: {others_told}",
        )


def _footprints() -> Iterator[Row]:
    found, drawn = asyncio.run(errors()), drawn_errors()
    spreads = ", ".join(f"{100 * spread:g} %" for spread in SPREADS)
    yield Row(
        "error of learned footprints",
        100 * median(map(abs, found.relative)),
        "%",
        at_most(15.0),
        f"median of {len(found.relative)} real processes, after {RUNS_BEFORE} others of the same "
        f"workload; what they take spreads normally by {spreads}; "
        f"{100 * median(map(abs, drawn.relative)):.1f} % of {len(drawn.relative):,} drawn runs",
    )
    yield Row(
        "runs that take more than their learned footprint",
        100 * drawn.under,
        "%",
        at_most(1.0),
        f"of {len(drawn.relative):,} drawn runs, after {RUNS_BEFORE} others of the same workload; "
        f"by {100 * -min(drawn.relative):.0f} % at the most; {100 * found.under:.1f} % of "
        f"{len(found.relative)} real processes",
    )


def _really() -> Iterator[Row]:
    played = real.play(REAL_MINUTES)
    told = ", ".join(f"{fate} {count}" for fate, count in played.fates.most_common())
    conditions = f"{len(played.jobs)} jobs within {REAL_MINUTES:g} min, really allocated; {told}"
    yield Row("jobs that failed for memory", played.failed, "jobs", at_most(0), conditions)
    yield Row(
        "memory in use beyond what is lent",
        played.over_granted_bytes,
        "bytes",
        at_most(0),
        f"at most {played.highest_bytes / MIB:.0f} of {played.capacity_bytes // MIB} MiB at "
        f"{played.sample_count} looks; promises broken by the audit log: {len(played.breaches)}",
    )
