"""Whatever goes wrong while jobs run, each ends with every segment once, and nothing is left.

One round strikes every kind of process once, at random moments that its number decides: one freezes
for good, the others are killed or held up, the object store is taken away or takes no more, and on
some rounds the disk is full. `--first-round` repeats a round that failed.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brickwork_sdk.testing.recordings import tone, write_recording
from tests.chaos.faults import drawn
from tests.chaos.jobs import Order, check, send, wait_for_segment
from tests.chaos.tally import Tally
from tests.chaos.traces import check_nothing_is_left
from tests.conftest import Mesh

LONG_SECONDS, SHORT_SECONDS = 400, 40
EVERYTHING = "?language=en&translate=pt&summary=true"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[int, bytes]:
    """A long and a short recording, by their seconds."""
    folder = tmp_path_factory.mktemp("recordings")
    return {
        seconds: write_recording(folder / f"{seconds}.flac", tone(seconds)).read_bytes()
        for seconds in (LONG_SECONDS, SHORT_SECONDS)
    }


def orders_of(round_number: int, recordings: dict[int, bytes]) -> list[Order]:
    """Two long jobs, or ten short ones; the first asks for everything there is."""
    count, seconds = (2, LONG_SECONDS) if round_number % 2 else (10, SHORT_SECONDS)
    return [
        Order(recordings[seconds], seconds, "" if number else EVERYTHING) for number in range(count)
    ]


def test_no_segment_is_lost_or_doubled_and_nothing_is_left(
    mesh: Mesh,
    small_disk: Path | None,
    recordings: dict[int, bytes],
    round_number: int,
    record_property: Callable[[str, object], None],
) -> None:
    faults = drawn(round_number, has_disk=small_disk is not None)
    orders = orders_of(round_number, recordings)
    began = time.monotonic()
    first, *later = orders
    jobs = [send(mesh, first)]
    wait_for_segment(mesh, jobs[0], 1)
    with ThreadPoolExecutor(len(faults)) as strikers:
        strikes = [strikers.submit(fault.strike, mesh, small_disk) for fault in faults]
        jobs += [send(mesh, order) for order in later]
        outcomes = tuple(strike.result() for strike in strikes)
    for job_id, order in zip(jobs, orders, strict=True):
        check(mesh, job_id, order)
    check_nothing_is_left(mesh)
    segments = sum(len(order.segments) for order in orders)
    seconds = time.monotonic() - began
    tally = Tally(round_number, len(jobs), segments, seconds, outcomes)
    record_property(*tally.to_property())
