"""The bounds of what RPCs take: told by DescribeBrick, and kept by who refuses beyond them.

Each brick lists its own in its module `limits`, from the constants that it enforces.
"""

from brickwork_sdk.channels import MESSAGE_BYTES_MAX
from brickwork_sdk.limit import Limit
from brickwork_sdk.media.limits import DURATION_MS_MAX, INLINE_BYTES_MAX, PIXELS_MAX
from brickwork_sdk.objects import OBJECT_BYTES_MAX
from brickwork_sdk.objects_service import PUT_CHUNK_BYTES_MAX

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
