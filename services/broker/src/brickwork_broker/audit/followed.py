"""Hold what the records of an audit log say of one token, for the checker of its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(slots=True)
class Followed:
    """Hold what the records so far say of a token that is not over.

    Attributes:
        state: where it stands; None before any record of it.
        epoch: of its grant; 0 before.
        charged_bytes: what is charged for it.
        users: processes that may be using its memory, less those that are gone.
        was_used: whether any process was ever named.
        overridden: whether an operator answers for its bytes being free.
        fields: what the latest record says of it.
    """

    state: str | None = None
    epoch: int = 0
    charged_bytes: int = 0
    users: set[str] = field(default_factory=set)
    was_used: bool = False
    overridden: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> Self:
        """Return a token as a record of how everything stands has it."""
        return cls(
            state=str(told["state"]),
            epoch=int(told["epoch"]),
            charged_bytes=int(told["charged_bytes"]),
            users=set(told["users"]),
            was_used=bool(told["was_used"]),
            fields=told,
        )

    def is_like(self, other: Self) -> bool:
        """Tell whether two records agree on a token."""
        mine = (self.state, self.epoch, self.charged_bytes)
        return mine == (other.state, other.epoch, other.charged_bytes)

    def __str__(self) -> str:
        if self.state is None:
            return "over or unknown"
        return f"{self.state} with {self.charged_bytes} bytes and epoch {self.epoch}"
