"""A call over its brick beside the same work of its engine alone, by turns."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

TURNS = 5


@dataclass(frozen=True)
class Compared:
    """Wall times in seconds, one of each turn.

    Attributes:
        calls: over the brick.
        plains: of the engine in a process of its own.
    """

    calls: tuple[float, ...]
    plains: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The medians, call over engine."""
        return median(self.calls) / median(self.plains)

    @property
    def told(self) -> str:
        """Say how the ratio came about."""
        ratios = [call / plain for call, plain in zip(self.calls, self.plains, strict=True)]
        return (
            f"wall time, warm, one thread, by turns, medians of {len(ratios)}: "
            f"{median(self.calls):.3f} over {median(self.plains):.3f} s; "
            f"single ratios {min(ratios):.3f} to {max(ratios):.3f}"
        )


def compare(
    over_brick: Callable[[], float], engine: Callable[[], float], turns: int = TURNS
) -> Compared:
    """Take both by so many turns, so that noise hits both; each returns its seconds."""
    calls, plains = [], []
    over_brick(), engine()  # The first call of each warms caches that later ones find warm.
    for turn in range(turns):
        # Who begins changes, so that a drift favours nobody.
        first, second = (over_brick, engine) if turn % 2 else (engine, over_brick)
        a, b = first(), second()
        calls.append(a if turn % 2 else b)
        plains.append(b if turn % 2 else a)
    return Compared(tuple(calls), tuple(plains))
