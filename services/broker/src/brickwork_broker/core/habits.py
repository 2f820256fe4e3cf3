"""Learn what each model costs to load and how often it is wanted, to tell which may go."""

from collections import deque
from dataclasses import dataclass, field
from math import exp, log

from brickwork_broker.core.request import TokenRequest

MIN_STAY_MS = 2_000
"""A model stays at least so long once it is loaded: the calls of one job follow each other."""
STORM_LOADS, STORM_WINDOW_MS = 4, 120_000
STORM_STAY_MS = 30_000
"""A model that is loaded for the fourth time within two minutes goes and comes without end: then it
stays half a minute, so that loading is at most a part of what is done with it."""
USE_HALF_LIFE_MS = 600_000
UNKNOWN_LOAD_MS = 10_000
"""Of a model that was never seen loading."""
HABITS_MAX = 1_024
"""So many models are remembered; who names a new one each time makes old ones forgotten."""


@dataclass(slots=True)
class _Habit:
    load_ms: int = UNKNOWN_LOAD_MS
    uses: float = 0.0
    used_at_ms: int = 0
    loads_ms: deque[int] = field(default_factory=deque)


class Habits:
    """Remember by holder and purpose how long loads took, when they were, and each use."""

    def __init__(self) -> None:
        self._habits: dict[tuple[str, str], _Habit] = {}

    def load_began(self, request: TokenRequest, now_ms: int) -> None:
        """Note that a model is loaded."""
        loads_ms = self._habit_to_change(request).loads_ms
        loads_ms.append(now_ms)
        while loads_ms[0] <= now_ms - STORM_WINDOW_MS:
            loads_ms.popleft()

    def loaded(self, request: TokenRequest, load_ms: int) -> None:
        """Note how long a load took; what is kept rises at once and falls slowly."""
        habit = self._habit_to_change(request)
        habit.load_ms = max(load_ms, (3 * habit.load_ms + load_ms) // 4)

    def used(self, request: TokenRequest, now_ms: int) -> None:
        """Note that an idle model is used again."""
        habit = self._habit_to_change(request)
        habit.uses = self._uses(habit, now_ms) + 1
        habit.used_at_ms = now_ms

    def storms(self, request: TokenRequest, now_ms: int) -> bool:
        """Tell whether a model comes and goes without end."""
        loads_ms = self._habit(request).loads_ms
        return len(loads_ms) >= STORM_LOADS and loads_ms[-STORM_LOADS] > now_ms - STORM_WINDOW_MS

    def min_stay_ms(self, request: TokenRequest, now_ms: int) -> int:
        """Return how long a model stays at least."""
        return STORM_STAY_MS if self.storms(request, now_ms) else MIN_STAY_MS

    def cost(self, request: TokenRequest, freed_bytes: int, now_ms: int) -> float:
        """Return what it costs to let a model go, in likely milliseconds of loading a byte.

        The chance that it is wanted again is taken from its uses of late, one more than there were:
        a model that was never used since is not free of charge.
        """
        habit = self._habit(request)
        return habit.load_ms * (1 + self._uses(habit, now_ms)) / max(1, freed_bytes)

    def _uses(self, habit: _Habit, now_ms: int) -> float:
        return habit.uses * exp(-log(2) * (now_ms - habit.used_at_ms) / USE_HALF_LIFE_MS)

    def _habit(self, request: TokenRequest) -> _Habit:
        return self._habits.get((request.holder, request.purpose)) or _Habit()

    def _habit_to_change(self, request: TokenRequest) -> _Habit:
        model = (request.holder, request.purpose)
        habit = self._habits[model] = self._habits.pop(model, _Habit())
        if len(self._habits) > HABITS_MAX:
            del self._habits[next(iter(self._habits))]
        return habit
