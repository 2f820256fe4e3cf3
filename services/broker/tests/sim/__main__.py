"""Run many seeds and report: `python -m services.broker.tests.sim --seeds 200`."""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator

from services.broker.tests.sim.checkers import PROMISES
from services.broker.tests.sim.run import Result, run

_TOLD_EVERY = 100
"""Seeds between two lines on how far it is; they take a minute and a half."""


def main() -> int:
    """Run what the command line asks for; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m services.broker.tests.sim")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds (default 100)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--seed", type=int, help="only this seed, with its whole story")
    asked = parser.parse_args()
    logging.disable()  # that the simulated disk is full is no news here
    if asked.seed is not None:
        result = run(asked.seed)
        _say("\n".join(result.trace))
        results = [result]
    else:
        results = list(_told(asked.first_seed, asked.seeds))
    _report(results)
    return 1 if any(result.violations for result in results) else 0


def _told(first_seed: int, count: int) -> Iterator[Result]:
    """Run one seed after the other, and tell how far it is."""
    broken = 0
    for done, seed in enumerate(range(first_seed, first_seed + count), start=1):
        result = run(seed)
        broken += bool(result.violations)
        yield result
        if done % _TOLD_EVERY == 0:
            sys.stderr.write(f"{done} of {count} seeds, {broken} with a broken promise\n")


def _report(results: list[Result]) -> None:
    faults = sum((result.faults for result in results), Counter[str]())
    promises = Counter(v.promise for result in results for v in result.violations)
    _say(f"seeds       {len(results)}")
    _say(f"steps       {sum(result.step_count for result in results)}")
    _say(f"grants      {sum(result.grant_count for result in results)}")
    for fault, count in sorted(faults.items()):
        _say(f"fault       {fault}: {count}")
    for promise in (*PROMISES, "assertion"):
        _say(f"violations  {promise}: {promises[promise]}")
    for result in results:
        for violation in result.violations[:1]:
            _say(
                f"seed {result.seed} at {violation.at_ms} ms, {violation.promise}: {violation.what}"
            )
            _say(f"  again: python -m services.broker.tests.sim --seed {result.seed}")
    if len(results) == 1:
        _say(f"digest      {results[0].digest}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
