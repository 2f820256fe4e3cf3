"""Correct forecasts by how wrong those before them were."""

from collections import deque

REMEMBERED = 128
"""How many past forecasts of a class are looked at."""
KNOWN_MIN = 8
"""With fewer than that a forecast stands as it is."""
TAIL = 0.06
"""On each side about so many waits lie outside; less than a tenth, since what comes differs from
what was."""
SLACK_MS = 1_000
"""Nobody minds a second; without it a forecast of nothing could not be corrected at all."""

Interval = tuple[int, int]


class Correction:
    """Stretch both ends of a forecast to where the true waits of late lay, by class of work.

    Whoever waits is overtaken by work that nobody knows of yet, and holders give memory back
    sooner or later than those before them. This needs no model of either.
    Source: Papadopoulos et al., "Inductive Confidence Machines for Regression", ECML 2002.
    """

    def __init__(self) -> None:
        self._ratios: dict[str, tuple[deque[float], deque[float]]] = {}

    def learn(self, kind: str, forecast: Interval, true_ms: int) -> None:
        """Take in how long a wait really was, for which this was forecast."""
        if kind not in self._ratios:
            self._ratios[kind] = deque(maxlen=REMEMBERED), deque(maxlen=REMEMBERED)
        for ratios, end_ms in zip(self._ratios[kind], forecast, strict=True):
            ratios.append((true_ms + SLACK_MS) / (end_ms + SLACK_MS))

    def corrected(self, kind: str, forecast: Interval) -> Interval:
        """Return a forecast as it should have been told."""
        lows, highs = self._ratios.get(kind, ((), ()))
        if len(lows) < KNOWN_MIN:
            return forecast
        least_ms = _scaled(forecast[0], sorted(lows)[int(TAIL * len(lows))])
        most_ms = _scaled(forecast[1], sorted(highs)[int((1 - TAIL) * len(highs))])
        return min(least_ms, most_ms), most_ms


def _scaled(end_ms: int, ratio: float) -> int:
    return max(0, int((end_ms + SLACK_MS) * ratio) - SLACK_MS)
