"""A bound of what an RPC takes, known also to those who never load the wire."""

from dataclasses import dataclass

from brickwork_sdk.errors import InvalidInput, Reason


@dataclass(frozen=True)
class Limit:
    """A bound on what one RPC takes.

    Attributes:
        rpc: name of the RPC; empty for every RPC of a brick.
        name: what is bounded, its unit last: a field, or what a field holds.
        most: the largest that is taken.
        least: the smallest that is taken.
        reason: with which `require` refuses what lies outside.
    """

    rpc: str
    name: str
    most: float
    least: float = 0
    reason: Reason = Reason.ARGUMENT_INVALID

    def require(self, value: float) -> None:
        """Refuse a value outside; no number is outside as well.

        Raises:
            InvalidInput: the limit's reason, with its name and both bounds.
        """
        if not self.least <= value <= self.most:
            raise InvalidInput(
                self.reason,
                f"{self.name} lies between {self.least:,} and {self.most:,}.",
                metadata={
                    "field": self.name,
                    "least": f"{self.least}",
                    "most": f"{self.most}",
                },
            )
