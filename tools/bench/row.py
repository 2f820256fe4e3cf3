"""A row of the benchmarks: a figure, what it must be, and under which conditions it was had."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

_DIGITS = 4
STATED = "stated"


@dataclass(frozen=True)
class Bound:
    """What a figure must be: at most, or at least, a limit."""

    sign: Literal["<=", ">="]
    limit: float

    def admits(self, value: float) -> bool:
        """Tell whether a figure keeps to it."""
        return value <= self.limit if self.sign == "<=" else value >= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


def at_most(limit: float) -> Bound:
    """Bound a figure from above."""
    return Bound("<=", limit)


def at_least(limit: float) -> Bound:
    """Bound a figure from below."""
    return Bound(">=", limit)


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured; the same in every run.
        value: the figure; None where there is none, and then the conditions say why.
        unit: such as `s` or `MiB`; `ratio` where it is one figure over another.
        bound: None where the figure is only stated.
        conditions: with what it was measured, and of which figures a ratio is made.
        group: which measurement it belongs to; the runner fills it in.
        machine: processor, cores, memory and interpreter; the runner fills it in.
        measured_on: the day, as YYYY-MM-DD; the runner fills it in.
    """

    name: str
    value: float | None
    unit: str
    bound: Bound | None
    conditions: str
    group: str = ""
    machine: str = ""
    measured_on: str = ""

    def __post_init__(self) -> None:
        # What is judged is what is shown.
        if self.value is not None:
            object.__setattr__(self, "value", round(float(self.value), _DIGITS))

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept; None where there is none, False without a figure."""
        if self.value is None:
            return False
        return None if self.bound is None else self.bound.admits(self.value)

    def to_json(self) -> dict[str, Any]:
        """Render it for the file, the bound as text."""
        bound = STATED if self.bound is None else str(self.bound)
        return {**asdict(self), "bound": bound, "holds": self.holds}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Read what `to_json` made.

        Raises:
            ValueError: the row is none, or says of itself what its figure does not.
        """
        fields = dict(found)
        claim, bound = fields.pop("holds"), fields.pop("bound")
        row = cls(**fields, bound=None if bound == STATED else _bound(bound))
        if row.holds is not claim:
            raise ValueError(f"{row.name}: holds is {claim} and not {row.holds}")
        return row


def _bound(text: str) -> Bound:
    match text.split():
        case ["<=", limit]:
            return at_most(float(limit))
        case [">=", limit]:
            return at_least(float(limit))
    raise ValueError(f"no bound: {text!r}")
