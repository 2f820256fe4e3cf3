"""The bounds of what RPCs take: told by DescribeBrick, and kept by who refuses beyond them.

Each brick lists its own in its module `limits`, from the constants that it enforces.
"""

from dataclasses import dataclass

from brickwork_sdk.channels import MESSAGE_BYTES_MAX
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.limits import DURATION_MS_MAX, INLINE_BYTES_MAX, PIXELS_MAX
from brickwork_sdk.objects import OBJECT_BYTES_MAX
from brickwork_sdk.objects_service import PUT_CHUNK_BYTES_MAX


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


MESSAGE_LIMIT = Limit("", "message_bytes", MESSAGE_BYTES_MAX)
"""Of each message that comes in; the border of every server keeps it."""

COMMON_LIMITS = (
    MESSAGE_LIMIT,
    Limit("PutObject", "chunk_bytes", PUT_CHUNK_BYTES_MAX),
    Limit("PutObject", "object_bytes", OBJECT_BYTES_MAX),
)
"""Of what every brick takes."""


def recording_limits(rpc: str) -> tuple[Limit, ...]:
    """Return the bounds of an RPC that takes in a recording."""
    return (
        Limit(rpc, "media_inline_bytes", INLINE_BYTES_MAX, least=1),
        Limit(rpc, "media_duration_ms", DURATION_MS_MAX),
    )


def image_limits(rpc: str) -> tuple[Limit, ...]:
    """Return the bounds of an RPC that takes in pictures."""
    return (
        Limit(rpc, "media_inline_bytes", INLINE_BYTES_MAX, least=1),
        Limit(rpc, "media_pixels", PIXELS_MAX, least=1),
    )
