"""The one check that keeps a conversation from being cut off in silence."""

from brickwork_sdk.errors import InvalidInput, Reason


def check_context(prompt_token_count: int, context_token_count: int) -> None:
    """Refuse a prompt after which there is no room for one token of answer.

    Raises:
        InvalidInput: CONTEXT_EXCEEDED, with both counts in the metadata.
    """
    if prompt_token_count >= context_token_count:
        raise InvalidInput(
            Reason.CONTEXT_EXCEEDED,
            f"The conversation has {prompt_token_count} tokens; the model reads and writes"
            f" {context_token_count} together.",
            metadata={
                "prompt_token_count": str(prompt_token_count),
                "context_token_count": str(context_token_count),
            },
        )
