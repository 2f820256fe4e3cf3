"""Measure, and put the rows into docs/reference/benchmarks.json and the page made from it.

`python -m tools.bench [GROUP...]`; without names every group that needs no GPU. The status is 1
when a bound does not hold or a group failed, and the rows are written all the same.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from brickwork_sdk import cuda_driver
from tools.bench.groups import GROUPS, Group
from tools.bench.machine import machine
from tools.bench.row import Row
from tools.bench.sheet import merged, read_sheet, write_sheet
from tools.docs import REFERENCE, benchmarks_page


def run_group(group: Group) -> Iterator[Row | str]:
    """Yield what a group tells and measures; last a row that failed, where it did not end well."""
    command = [sys.executable, "-m", "tools.bench.one_group", group.name]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
    )
    alarm = threading.Timer(group.minutes_max * 60, _kill, [process])
    alarm.start()
    try:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                found = json.loads(line)
                yield found["tell"] if "tell" in found else Row.from_json(found["row"])
        status = process.wait()
    finally:
        is_late = not alarm.is_alive()
        alarm.cancel()
        _kill(process)
        process.wait()
    if status != 0:
        fault = f"it took more than {group.minutes_max:g} minutes" if is_late else "see its output"
        yield Row(f"the group {group.name} ran to its end", None, "", None, f"it did not: {fault}")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(groups: Sequence[Group]) -> Iterator[tuple[Group, list[Row]]]:
    """Run groups one after the other, say how far it is, and yield the rows of each."""
    where, day = machine(), datetime.now(UTC).date().isoformat()
    for place, group in enumerate(groups):
        rows: list[Row] = []
        began, later = time.monotonic(), sum(each.minutes for each in groups[place + 1 :])
        _tell(group, group.minutes + later, f"begins, about {group.minutes:g} min")
        for found in run_group(group):
            left = max(0.0, group.minutes - (time.monotonic() - began) / 60) + later
            if isinstance(found, Row):
                rows.append(replace(found, group=group.name, machine=where, measured_on=day))
                _tell(group, left, _shown(found))
            else:
                _tell(group, left, found)
        yield group, rows


def _tell(group: Group, minutes_left: float, sentence: str) -> None:
    print(f"bench: {minutes_left:4.0f} min left: {group.name}: {sentence}", file=sys.stderr)


def _shown(row: Row) -> str:
    verdict = {None: "stated", True: "holds", False: "DOES NOT HOLD"}[row.holds]
    value = "nothing" if row.value is None else f"{row.value:g} {row.unit}"
    return f"{row.name}: {value} ({row.bound or 'no bound'}): {verdict}; {row.conditions}"


def chosen(names: Sequence[str]) -> list[Group]:
    """Return the groups of these names, or every one that needs no GPU.

    Raises:
        SystemExit: there is no such group.
    """
    known = {group.name: group for group in GROUPS}
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"bench: no such group: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [each for each in GROUPS if each.name in names or not (names or each.needs_gpu)]


def require_gpu(groups: Sequence[Group]) -> None:
    """End, and say why, where a group needs a GPU and there is none."""
    lack = cuda_driver.lack() if any(group.needs_gpu for group in groups) else None
    if lack is not None:
        sys.exit(f"bench: {lack.sentence}")


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="tools.bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="which ones to run")
    parser.add_argument("--json", action="store_true", help="print the fresh rows as JSON")
    options = parser.parse_args()
    order = [group.name for group in GROUPS]
    fresh: list[Row] = []
    groups = chosen(options.groups)
    require_gpu(groups)
    for group, rows in run(groups):
        # After each group, so that a run that is broken off keeps what it has.
        write_sheet(merged(read_sheet(), rows, {group.name}, order))
        fresh += rows
    (REFERENCE / "benchmarks.md").write_text(benchmarks_page(), "utf-8")
    if options.json:
        print(json.dumps([row.to_json() for row in fresh], indent=1, ensure_ascii=False))
    return 1 if any(row.holds is False for row in fresh) else 0


if __name__ == "__main__":
    sys.exit(main())
