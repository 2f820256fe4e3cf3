import random

from brickwork_broker.core.correction import KNOWN_MIN, Correction


def test_a_forecast_stands_until_enough_is_known() -> None:
    correction = Correction()
    for _ in range(KNOWN_MIN - 1):
        correction.learn("batch", (1_000, 2_000), 60_000)
    assert correction.corrected("batch", (1_000, 2_000)) == (1_000, 2_000)
    correction.learn("batch", (1_000, 2_000), 60_000)
    assert correction.corrected("batch", (1_000, 2_000)) == (60_000, 60_000)
    assert correction.corrected("interactive", (1_000, 2_000)) == (1_000, 2_000)


def test_forecasts_that_are_always_too_low_come_to_hold_most_of_the_waits() -> None:
    chance = random.Random(5)  # noqa: S311 - the same each time
    correction, held = Correction(), []
    for _ in range(500):
        guess_ms = chance.randint(5_000, 50_000)
        forecast = guess_ms // 2, guess_ms
        true_ms = int(guess_ms * chance.lognormvariate(1.0, 0.5))
        low_ms, high_ms = correction.corrected("batch", forecast)
        held.append(low_ms <= true_ms <= high_ms)
        correction.learn("batch", forecast, true_ms)
    assert sum(held[:KNOWN_MIN]) < KNOWN_MIN // 2
    assert sum(held[100:]) >= 0.8 * len(held[100:])
