"""What the wire lets a caller tell of speech beforehand: whoever takes it in refuses the same.

The brick does so at its border; gateway and handle before a recording has been sent for nothing.
"""

from collections.abc import Sequence

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.limit import Limit

_RPC = "TranscribeRecording"
PROMPT = Limit(_RPC, "prompt_characters", 600, reason=Reason.TEXT_TOO_LONG)
HOT_WORDS = Limit(_RPC, "hot_words_count", 50)
HOT_WORD = Limit(_RPC, "hot_word_characters", 64, least=1)
ALL_HOT_WORDS = Limit(_RPC, "hot_words_characters", 600, reason=Reason.TEXT_TOO_LONG)
"""Of Whisper's text of 448 tokens, half is left to what is shown before it: about 800 characters
of English, and fewer of other languages."""

CONTEXT_LIMITS = (PROMPT, HOT_WORDS, HOT_WORD, ALL_HOT_WORDS)


def require_speech_context(prompt: str, hot_words: Sequence[str]) -> None:
    """Refuse a prompt and hot words that are too much, or are none.

    Raises:
        InvalidInput: ARGUMENT_INVALID, TEXT_TOO_LONG.
    """
    PROMPT.require(len(prompt))
    HOT_WORDS.require(len(hot_words))
    ALL_HOT_WORDS.require(sum(map(len, hot_words)))
    for word in hot_words:
        HOT_WORD.require(len(word.strip()))
        if not word.isprintable():
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                "A hot word is made of printable characters.",
                metadata={"field": "hot_words"},
            )
