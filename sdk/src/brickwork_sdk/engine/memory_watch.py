"""Whether an engine process keeps to its budget, as its brick sees it from outside."""

WATCH_EVERY_SECONDS = 0.25
MARGIN_BYTES = 64 * 1024 * 1024
"""So much above its budget an engine may be: what an allocator keeps for a moment, and the heap of
Python, make no two runs alike. Half of the smallest footprint, and a tenth of the largest."""
OVER_LOOKS_MAX = 2
"""Above that for so many looks in a row it is killed: a peak between two steps may pass."""


class MemoryWatch:
    """Judges one process from look to look.

    Attributes:
        budget_bytes: what the process may use.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._over_looks = 0

    def is_over(self, private_bytes: int) -> bool:
        """Take in a look; tell whether the process is over its budget and stays so."""
        is_above = private_bytes > self.budget_bytes + MARGIN_BYTES
        self._over_looks = self._over_looks + 1 if is_above else 0
        return self._over_looks >= OVER_LOOKS_MAX
