"""How much memory an engine may use, and how much it does at once with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable


@dataclass(frozen=True)
class Budget:
    """The memory that was granted, beside what the model can make use of.

    Attributes:
        granted_bytes: what the engine keeps to; None where nothing limits it.
        footprint_bytes: with so much it does one piece of work after the other.
        ceiling_bytes: with so much it does as many at once as it ever will; None where the model is
            not elastic.
    """

    granted_bytes: int | None = None
    footprint_bytes: int = 0
    ceiling_bytes: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Read the options `budget_bytes`, `footprint_bytes` and `ceiling_bytes` of an engine."""
        granted, ceiling = options.get("budget_bytes"), options.get("ceiling_bytes")
        return cls(
            int(granted) if granted else None,
            int(options.get("footprint_bytes") or 0),
            int(ceiling) if ceiling else None,
        )

    def at_once(self, most: int) -> int:
        """Return how many pieces of work fit side by side, from 1 to `most`.

        The first one is in the footprint, and each further one takes an equal share of what lies
        between that and the ceiling.
        """
        if self.granted_bytes is None or self.ceiling_bytes is None:
            return most
        spare_bytes = max(0, self.granted_bytes - self.footprint_bytes)
        room_bytes = self.ceiling_bytes - self.footprint_bytes
        return min(most, 1 + (most - 1) * spare_bytes // room_bytes)


@runtime_checkable
class Elastic(Protocol):
    """What an engine has besides that can keep to another budget while it is loaded."""

    def set_budget(self, granted_bytes: int) -> None:
        """Keep to so many bytes from the next step on; called between two steps."""
        ...


def host_budget_bytes(options: Mapping[str, str]) -> int | None:
    """Return what an engine may use of the machine's memory; None where nothing says so.

    On a GPU the budget is one of its memory, which no counter of this machine shows.
    """
    return None if options.get("device") == "cuda" else Budget.of(options).granted_bytes
