import random
from dataclasses import replace
from itertools import count
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_broker.core import footprints
from brickwork_broker.core.envelope import Envelope
from brickwork_broker.core.footprints import MIB, Footprints, Run
from brickwork_broker.core.request import Process, Workload
from brickwork_broker.core.sight import Sight

WORKLOAD = Workload("digest", "ctranslate2 4", "int8", "1 thread", 150 * MIB)
_pids = count(1)


def live(
    learned: Footprints,
    peak_bytes: int,
    *,
    workload: Workload = WORKLOAD,
    load_bytes: int | None = None,
    comes_to_work: bool = True,
) -> Run | None:
    """Let a token live: it loads, works and ends."""
    user = Process("boot", next(_pids), 1)
    load_bytes = peak_bytes // 2 if load_bytes is None else load_bytes
    seen = [(True, load_bytes)] + [(False, load_bytes), (False, peak_bytes)] * comes_to_work
    for is_loading, so_far_bytes in seen:
        sight = Sight("host", 1, 1, readings={user: so_far_bytes}, peaks={user: so_far_bytes})
        learned.observe(str(user.pid), workload, [user], is_loading, sight)
    return learned.ended(str(user.pid))


def test_before_the_first_run_the_weights_say_how_much() -> None:
    learned = Footprints("host")
    expected_bytes = footprints.WEIGHTS_FACTOR * WORKLOAD.weights_bytes + footprints.OVERHEAD_BYTES
    assert learned.needed_bytes(WORKLOAD) == expected_bytes
    run = live(learned, 400 * MIB)
    assert run == Run(expected_bytes, 400 * MIB, is_first=True)


def test_one_run_is_expected_again_with_a_margin() -> None:
    learned = Footprints("host")
    live(learned, 400 * MIB)
    assert learned.needed_bytes(WORKLOAD) == 460 * MIB


@pytest.mark.parametrize(
    "other",
    [
        replace(WORKLOAD, model_digest="other"),
        replace(WORKLOAD, engine="other"),
        replace(WORKLOAD, precision="other"),
        replace(WORKLOAD, bucket="other"),
    ],
)
def test_what_differs_in_any_way_is_learned_by_itself(other: Workload) -> None:
    learned = Footprints("host")
    expected_bytes = learned.needed_bytes(other)
    live(learned, 400 * MIB)
    assert learned.needed_bytes(other) == expected_bytes
    live(learned, 100 * MIB, workload=other)
    assert learned.needed_bytes(other) == 115 * MIB
    assert learned.needed_bytes(WORKLOAD) == 460 * MIB


def test_more_than_was_expected_counts_while_it_goes_on() -> None:
    learned = Footprints("host")
    live(learned, 400 * MIB)
    user = Process("boot", next(_pids), 1)
    sight = Sight("host", 1, 1, readings={user: 9}, peaks={user: 500 * MIB})
    learned.observe("token", WORKLOAD, [user], False, sight)
    assert learned.needed_bytes(WORKLOAD) == 510 * MIB
    learned.ended("token")
    assert learned.needed_bytes(WORKLOAD) >= 510 * MIB


def test_a_load_that_takes_more_than_the_work_counts() -> None:
    learned = Footprints("host")
    live(learned, 400 * MIB, load_bytes=390 * MIB)
    (known,) = learned.known.values()
    assert (known.load.high_bytes, known.resident.high_bytes) == (390 * MIB, 390 * MIB)


def test_a_load_that_failed_teaches_only_that_more_is_needed() -> None:
    learned = Footprints("host")
    live(learned, 400 * MIB)
    needed_bytes = learned.needed_bytes(WORKLOAD)
    assert live(learned, 0, load_bytes=100 * MIB, comes_to_work=False) is None
    assert learned.needed_bytes(WORKLOAD) == needed_bytes
    run = live(learned, 0, load_bytes=600 * MIB, comes_to_work=False)
    assert run == Run(needed_bytes, 600 * MIB, is_first=False)
    assert learned.needed_bytes(WORKLOAD) >= 600 * MIB


def test_what_names_no_workload_or_was_never_read_is_not_learned() -> None:
    learned = Footprints("host")
    assert live(learned, 400 * MIB, workload=Workload()) is None
    learned.observe("token", WORKLOAD, [Process("boot", 1, 1)], False, Sight("host", 1))
    assert learned.ended("token") is None
    assert learned.known == {}


def test_the_least_lately_used_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprints, "KNOWN_MAX", 2)
    learned = Footprints("host")
    for bucket in ("a", "b", "a", "c"):
        live(learned, 400 * MIB, workload=replace(WORKLOAD, bucket=bucket))
    assert [key.bucket for key in learned.known] == ["a", "c"]


def _errors(seed: int, spread: float) -> list[float]:
    """Return by how much of what they took the runs after the 20th were mistaken, below 0 under."""
    chance, learned = random.Random(seed), Footprints("host")  # noqa: S311 - noise, no secret
    runs = [live(learned, round(chance.gauss(400, 400 * spread) * MIB)) for _ in range(60)]
    return [run.estimate_bytes / run.taken_bytes - 1 for run in runs[20:] if run is not None]


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.05])
def test_after_20_runs_the_median_error_is_small_and_underestimates_are_rare(spread: float) -> None:
    errors = [error for seed in range(60) for error in _errors(seed, spread)]
    assert median(abs(error) for error in errors) <= 0.15
    assert sum(error < 0 for error in errors) <= 0.01 * len(errors)


@given(st.lists(st.integers(1, 1 << 40), min_size=1, max_size=40))
@settings(max_examples=50)
def test_nothing_that_was_taken_lately_is_underestimated(taken: list[int]) -> None:
    learned = Envelope.of(taken[0])
    for taken_bytes in taken[1:]:
        learned = learned.after(taken_bytes)
    assert learned.needed_bytes > taken[-1]
    assert learned.needed_bytes > 0.5 * max(taken)
    assert min(taken) <= learned.mean_bytes <= max(taken)


def test_a_need_that_is_over_is_forgotten_slowly() -> None:
    learned = Envelope.of(1000)
    for _ in range(45):
        learned = learned.after(500)
    assert 740 < learned.high_bytes < 750
    for _ in range(300):
        learned = learned.after(500)
    assert learned.needed_bytes < 520
