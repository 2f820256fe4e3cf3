"""Who works and who has been forgotten, by what the device did."""

from brickwork_broker.core.activity import FORGET_MS, WINDOW_MS, Activity
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight

KERNEL = Process("boot", 4711, 1)
LOOK_MS = 500


def look(seconds: float, process: Process = KERNEL) -> Sight:
    return Sight("host", 100, activity={process: seconds})


def watched(activity: Activity, share: float, looks: int, began_ms: int = 0) -> int:
    """Let a process have a share of the device for so many looks; return its idle time then."""
    idle_ms = 0
    for number in range(looks + 1):
        now_ms = began_ms + number * LOOK_MS
        seconds = 100 + number * LOOK_MS / 1000 * share
        idle_ms = activity.idle_ms(look(seconds), now_ms)[KERNEL]
    return idle_ms


def test_a_process_that_does_nothing_is_idle_since_it_was_first_seen() -> None:
    assert watched(Activity(), share=0, looks=100) == 50_000


def test_a_process_that_works_is_never_idle_for_longer_than_a_window() -> None:
    assert watched(Activity(), share=0.5, looks=101) <= LOOK_MS
    assert watched(Activity(), share=0.04, looks=101) <= WINDOW_MS


def test_the_noise_of_a_waiting_kernel_is_no_work_however_long_it_goes_on() -> None:
    assert watched(Activity(), share=0.006, looks=10_000) == 5_000_000


def test_work_after_a_long_rest_is_seen_at_once() -> None:
    activity = Activity()
    watched(activity, share=0, looks=10_000)
    now_ms = 10_001 * LOOK_MS
    assert activity.idle_ms(look(100.2), now_ms)[KERNEL] == 0


def test_a_probe_that_counts_from_zero_again_makes_nobody_busy() -> None:
    activity = Activity()
    watched(activity, share=0, looks=10)
    assert activity.idle_ms(look(0.0), 5_500)[KERNEL] == 5_500
    assert activity.idle_ms(look(0.5), 6_000)[KERNEL] == 0


def test_what_was_not_read_is_not_named_and_is_forgotten_after_a_while() -> None:
    activity = Activity()
    other = Process("boot", 4712, 1)
    activity.idle_ms(look(1.0), 0)
    assert activity.idle_ms(look(1.0, other), 1_000) == {other: 0}
    assert activity.idle_ms(look(1.0), 2_000)[KERNEL] == 2_000
    activity.idle_ms(look(1.0, other), 2_000 + FORGET_MS)
    assert activity.idle_ms(look(1.0), 2_000 + FORGET_MS)[KERNEL] == 0


def test_a_process_that_is_gone_is_forgotten() -> None:
    activity = Activity()
    activity.idle_ms(look(1.0), 0)
    activity.idle_ms(Sight("host", 100, gone=frozenset({KERNEL})), 500)
    assert activity.idle_ms(look(1.0), 1_000)[KERNEL] == 0
