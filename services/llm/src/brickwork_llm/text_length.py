"""The one check that keeps a text from being embedded by its beginning in silence."""

from collections.abc import Sequence

from brickwork_sdk.errors import InvalidInput, Reason


def check_lengths(counts: Sequence[int], token_count_max: int, *, is_truncating: bool) -> None:
    """Refuse the first text that the model cannot read whole, unless its beginning will do.

    Raises:
        InvalidInput: TEXT_TOO_LONG, with the index and both counts in the metadata.
    """
    if is_truncating:
        return
    for index, count in enumerate(counts):
        if count > token_count_max:
            raise InvalidInput(
                Reason.TEXT_TOO_LONG,
                f"Text {index} has {count} tokens; the model reads {token_count_max} of one.",
                metadata={
                    "field": "texts",
                    "index": str(index),
                    "token_count": str(count),
                    "token_count_max": str(token_count_max),
                },
            )
