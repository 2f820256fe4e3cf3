"""Bound from above how much the next run will take, from what earlier runs took."""

from dataclasses import dataclass, replace
from typing import Self

FALL = 1 / 64
"""The highest run so far comes down by this share of what a lower one leaves: after 45 runs it has
lost half of it, so what was needed once is expected for long."""
GAIN_MIN = 1 / 32
"""How much one run counts in the mean and in the deviation, once there are as many."""
DEVIATIONS = 3.0
"""How many mean deviations above the mean a run is expected at the most. Where runs spread like a
normal distribution that is 2.4 standard deviations, above which 0.8 % of them lie."""
FIRST_DEVIATION = 0.05
"""What one run alone says about the spread: three deviations are the 15 % by which Kubernetes'
vertical autoscaler raises what it recommends. Source: its flag recommendation-margin-fraction."""
HEADROOM = 0.02
"""The highest run itself is exceeded by so little often, since memory comes in blocks."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Hold a bound that rises at once and falls slowly.

    The mean and the mean deviation are followed as TCP follows the times of its round trips, which
    it must not underestimate either. Source: RFC 6298, section 2.

    Attributes:
        high_bytes: the highest run, coming down while the others stay lower.
        mean_bytes: of the runs.
        deviation_bytes: how far they lie from it on average.
        run_count: how many they were.
    """

    high_bytes: float
    mean_bytes: float
    deviation_bytes: float
    run_count: int

    @classmethod
    def of(cls, taken_bytes: float) -> Self:
        """Return what one run alone says."""
        return cls(taken_bytes, taken_bytes, taken_bytes * FIRST_DEVIATION, 1)

    @property
    def needed_bytes(self) -> float:
        """What the next run will take at the most, as far as one can tell."""
        return max(
            self.high_bytes * (1 + HEADROOM), self.mean_bytes + DEVIATIONS * self.deviation_bytes
        )

    def after(self, taken_bytes: float) -> Self:
        """Return what is known after one more run."""
        run_count = self.run_count + 1
        gain = max(GAIN_MIN, 1 / run_count)
        distance_bytes = taken_bytes - self.mean_bytes
        left_bytes = max(0.0, self.high_bytes - taken_bytes)
        return replace(
            self,
            high_bytes=max(taken_bytes, self.high_bytes - FALL * left_bytes),
            mean_bytes=self.mean_bytes + gain * distance_bytes,
            deviation_bytes=self.deviation_bytes
            + gain * (abs(distance_bytes) - self.deviation_bytes),
            run_count=run_count,
        )
