"""What is in use and what is left, by what the probe has told; the arithmetic of S1b and S1c."""

from collections.abc import Iterable

from brickwork_broker.core.commands import ConfirmGone, Observe
from brickwork_broker.core.request import Process
from services.broker.tests.sim.story import Told
from services.broker.tests.sim.world import CAPACITY_BYTES, TOTAL_BYTES

LASTING_MS = 10_000
"""How long others must have used memory before it is taken to stay; written here on purpose."""


class ToldRoom:
    """Add up processes, each with its tokens or its reading, whichever is more, and the rest.

    A silent probe takes back nothing of what it said before.

    Attributes:
        looked_at_ms: when the latest look that was told began, on the clock of the world.
        readings: what it saw of each process.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as the broker does."""
        self.looked_at_ms = -1
        self.readings: dict[Process, int] = {}
        self._foreign_bytes = 0
        self._looks: list[tuple[int, int]] = []

    def observe(self, told: Observe, looked_at_ms: int, tokens: Iterable[Told]) -> None:
        """Take in a look, beside the tokens as they are."""
        if told.used_bytes is not None:
            self.looked_at_ms = looked_at_ms
            self.readings = dict(told.readings)
            self._foreign_bytes = max(0, told.used_bytes - sum(self.readings.values()))
            since_ms = looked_at_ms - LASTING_MS
            before = [look for look in self._looks if look[0] <= since_ms]
            lately = [look for look in self._looks if look[0] > since_ms]
            self._looks = [*before[-1:], *lately, (looked_at_ms, self._others_bytes(tokens))]

    def confirm_gone(self, told: ConfirmGone) -> None:
        """Take in a death."""
        self.readings.pop(told.process, None)

    def most_bytes(self, stuck: Iterable[Told]) -> int:
        """Return the most that may be lent at once, beside what stays where it is."""
        is_long = self._looks and self._looks[0][0] <= self.looked_at_ms - LASTING_MS
        lasting_bytes = min(others_bytes for _, others_bytes in self._looks) if is_long else 0
        stuck_bytes = sum(map(self._used_bytes, _groups(stuck)))
        return min(CAPACITY_BYTES, TOTAL_BYTES - lasting_bytes) - stuck_bytes

    def free_bytes(self, tokens: Iterable[Told]) -> int:
        """Return how much more may be lent."""
        tokens = list(tokens)
        used_bytes = sum(map(self._used_bytes, _groups(tokens)))
        free_bytes = CAPACITY_BYTES - used_bytes
        return min(free_bytes, TOTAL_BYTES - used_bytes - self._others_bytes(tokens))

    def _used_bytes(self, group: list[Told]) -> int:
        """Return what tokens that share processes count: charged or read, whichever is more."""
        users = set[Process]().union(*(token.users for token in group))
        charged_bytes = sum(token.charged_bytes for token in group)
        return max(charged_bytes, sum(self.readings.get(user, 0) for user in users))

    def _others_bytes(self, tokens: Iterable[Told]) -> int:
        """Return what processes use that no token names."""
        named = set[Process]().union(*(token.users for token in tokens))
        return self._foreign_bytes + sum(
            read_bytes for process, read_bytes in self.readings.items() if process not in named
        )

    def covers(self, token: Told, tokens: Iterable[Told], since_ms: int) -> bool:
        """Tell whether a look that began late enough fits into what a token's users still have."""
        if self.looked_at_ms < since_ms or not token.users <= self.readings.keys():
            return False
        left_bytes = sum(one.charged_bytes for one in tokens if one.users & token.users)
        return sum(self.readings[user] for user in token.users) <= left_bytes


def _groups(tokens: Iterable[Told]) -> list[list[Told]]:
    """Return the tokens, those together that share processes."""
    groups: list[tuple[set[Process], list[Told]]] = []
    for token in tokens:
        users, members = set(token.users), [token]
        apart = []
        for group in groups:
            if group[0] & users:
                users |= group[0]
                members += group[1]
            else:
                apart.append(group)
        groups = [*apart, (users, members)]
    return [members for _, members in groups]
