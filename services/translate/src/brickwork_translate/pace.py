"""How many sentences a batch may hold, so that a step is over soon on any machine."""

STEP_SECONDS_MAX = 0.5
"""A call is cancelled, and another has its turn, only between two steps."""
FIRST_COUNT = 4


class Pace:
    """Learns from each batch: what took too long is halved, and what was quick is doubled.

    Attributes:
        count: sentences in the next batch at most.
    """

    def __init__(self) -> None:
        self.count = FIRST_COUNT

    def note(self, count: int, seconds: float) -> None:
        """Take in how long a batch of so many sentences took."""
        if seconds > STEP_SECONDS_MAX:
            self.count = max(1, min(self.count, count // 2))
        elif count >= self.count and seconds < STEP_SECONDS_MAX / 2:
            self.count *= 2
