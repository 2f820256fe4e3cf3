"""Hold what was last read of the device, beside what is charged."""

from collections import deque
from collections.abc import Iterable

from brickwork_broker.core.commands import Observe
from brickwork_broker.core.request import Process
from brickwork_broker.core.token import Grant

LASTING_MS = 10_000
"""What others have used for so long is taken to stay; less may only be a process that ends, and is
read once more after its token is gone."""


class Readings:
    """Compare tokens with what their processes really use.

    A probe that is silent takes back nothing: what was last read stays until something newer is.

    Attributes:
        looked_at_ms: when the latest look that read anything began; -1 before the first.
        total_bytes: memory of the device; None before the first reading.
        foreign_bytes: in use by processes that no token names; 0 where that is not known.
        lasting_bytes: the least that `foreign_bytes` was in the last `LASTING_MS`.
        overrun_bytes: what processes use beyond all tokens that name them.
    """

    def __init__(self) -> None:
        self.looked_at_ms = -1
        self.total_bytes: int | None = None
        self.foreign_bytes = 0
        self.lasting_bytes = 0
        self.overrun_bytes = 0
        self._foreign: deque[tuple[int, int]] = deque()
        self._others_bytes = 0
        self._by_process: dict[Process, int] = {}

    def take(self, observed: Observe, grants: Iterable[Grant]) -> None:
        """Take in what a probe has read, for the grants as they are now."""
        if observed.readings or observed.used_bytes is not None:
            self.looked_at_ms = observed.looked_at_ms
            self._by_process = dict(observed.readings)
        if observed.used_bytes is not None:
            self.total_bytes = observed.total_bytes
            self._others_bytes = max(0, observed.used_bytes - sum(self._by_process.values()))
        self.compare(grants)
        if observed.used_bytes is not None:
            self._see_what_lasts(observed.looked_at_ms)

    def compare(self, grants: Iterable[Grant]) -> None:
        """Compare what was read with what is granted now."""
        ours_bytes, covered_bytes = self._covered(grants)
        self.overrun_bytes = ours_bytes - covered_bytes
        self.foreign_bytes = self._others_bytes + sum(self._by_process.values()) - ours_bytes

    def overrun_of(self, grants: Iterable[Grant]) -> int:
        """Return what the processes of some grants use beyond these."""
        ours_bytes, covered_bytes = self._covered(grants)
        return ours_bytes - covered_bytes

    def _covered(self, grants: Iterable[Grant]) -> tuple[int, int]:
        """Return what the processes of grants use, and how much of it is granted."""
        covered: dict[Process, int] = {}
        for grant in grants:
            left_bytes = grant.granted_bytes
            for user in grant.users:
                wanting_bytes = self._by_process.get(user, 0) - covered.get(user, 0)
                part_bytes = min(left_bytes, max(0, wanting_bytes))
                covered[user] = covered.get(user, 0) + part_bytes
                left_bytes -= part_bytes
        return sum(self._by_process.get(user, 0) for user in covered), sum(covered.values())

    def _see_what_lasts(self, looked_at_ms: int) -> None:
        """Keep the looks of the last while, and one from before it."""
        looks, since_ms = self._foreign, looked_at_ms - LASTING_MS
        looks.append((looked_at_ms, self.foreign_bytes))
        while len(looks) > 1 and looks[1][0] <= since_ms:
            looks.popleft()
        is_long = looks[0][0] <= since_ms
        self.lasting_bytes = min(foreign_bytes for _, foreign_bytes in looks) if is_long else 0

    def forget(self, process: Process) -> None:
        """Count no longer what a process used that is gone."""
        self._by_process.pop(process, None)

    def of(self, grant: Grant) -> int | None:
        """Return what all users of a grant were last seen to use; None unless each was read."""
        read = [self._by_process.get(user) for user in grant.users]
        return None if None in read else sum(one or 0 for one in read)
