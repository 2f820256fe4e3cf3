"""When a brick takes its engine process for lost."""

from brickwork_sdk.engine.pulse import (
    FROZEN_LOOKS_MAX,
    HUNG_LOOKS_MAX,
    WORK_SECONDS_MIN,
    Pulse,
    Sign,
)


def looks_until_lost(signs: list[Sign]) -> int | None:
    pulse = Pulse()
    for number, sign in enumerate(signs, 1):
        if pulse.is_lost(sign):
            return number
    return None


def test_whoever_neither_answers_nor_works_is_frozen() -> None:
    frozen = [Sign(False, False, 0, 0.0)] * FROZEN_LOOKS_MAX
    assert looks_until_lost(frozen) == FROZEN_LOOKS_MAX
    assert looks_until_lost([*frozen[1:], Sign(True, False, 0, 0.0), *frozen[1:]]) is None


def test_native_work_that_lets_no_ping_through_is_honest() -> None:
    working = [Sign(False, True, 0, number * 0.3) for number in range(1, 10 * HUNG_LOOKS_MAX)]
    assert looks_until_lost(working) is None


def test_whoever_owes_and_only_answers_pings_hangs() -> None:
    pinged = [Sign(True, True, 0, number * 0.001) for number in range(HUNG_LOOKS_MAX)]
    assert looks_until_lost(pinged) == HUNG_LOOKS_MAX


def test_slow_work_and_slow_results_are_no_hang() -> None:
    step = WORK_SECONDS_MIN / (HUNG_LOOKS_MAX - 2)
    working = [Sign(True, True, 0, number * step) for number in range(5 * HUNG_LOOKS_MAX)]
    sending = [Sign(True, True, number // 20, 0.0) for number in range(5 * HUNG_LOOKS_MAX)]
    assert looks_until_lost(working) is None
    assert looks_until_lost(sending) is None


def test_a_new_call_has_its_whole_time() -> None:
    idle = [Sign(True, False, 0, 0.0)] * HUNG_LOOKS_MAX
    assert looks_until_lost([*idle, *[Sign(True, True, 0, 0.0)] * (HUNG_LOOKS_MAX - 1)]) is None
