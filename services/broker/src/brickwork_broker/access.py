"""Keep holders to their own tokens: whoever renews or releases one must know its secret."""

import hmac

from brickwork_broker.core.token import Grant, Waiter
from brickwork_broker.wire import hashed
from brickwork_sdk.errors import Denied, InvalidInput, Reason

SECRET_BYTES_MIN, SECRET_BYTES_MAX = 16, 64


def require_secret(secret: bytes) -> None:
    """See that a token is asked for with a secret that cannot be guessed.

    Raises:
        InvalidInput: VRAM_REQUEST_INVALID.
    """
    if not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise InvalidInput(
            Reason.VRAM_REQUEST_INVALID,
            f"The secret of a token has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes.",
            metadata={"field": "secret"},
        )


def require_own(row: object, token_id: str, secret: bytes) -> None:
    """See that a live token belongs to whoever speaks of it; of one that is over nothing is left.

    Raises:
        Denied: VRAM_TOKEN_FOREIGN.
    """
    if not isinstance(row, Grant | Waiter):
        return
    if not hmac.compare_digest(row.request.secret_sha256, hashed(secret)):
        raise Denied(
            Reason.VRAM_TOKEN_FOREIGN,
            "The token belongs to somebody else: its secret is another one.",
            metadata={"token_id": token_id[:64]},
        )
