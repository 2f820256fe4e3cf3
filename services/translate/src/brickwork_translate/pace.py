"""How many sentences a batch may hold, so that a step is over soon on any machine."""

STEP_SECONDS_MAX = 0.5
"""Of processor time: a call is cancelled, and another has its turn, only between two steps."""
FIRST_COUNT = 4
"""Never fewer: so many together take about twice as long as one of them does."""


class Pace:
    """Learns from each batch: what took too long is halved, and what was quick is doubled.

    Attributes:
        count: sentences in the next batch at most.
    """

    def __init__(self) -> None:
        self.count = FIRST_COUNT

    def note(self, count: int, seconds: float) -> None:
        """Take in how long a batch of so many sentences took.

        Args:
            count: of its sentences.
            seconds: of processor time a thread; what others take of a busy machine does not count,
                since smaller batches would take as much of it for each sentence and more.
        """
        if seconds > STEP_SECONDS_MAX:
            self.count = max(FIRST_COUNT, min(self.count, count // 2))
        elif count >= self.count and seconds < STEP_SECONDS_MAX / 2:
            self.count *= 2
