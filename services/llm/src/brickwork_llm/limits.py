"""What the RPCs of the llm brick take; how many tokens a model reads at once is its own."""

from brickwork_llm.engine import (
    MAX_TOKEN_COUNT_MAX,
    MESSAGE_COUNT_MAX,
    TEMPERATURE_MAX,
    TEXT_BYTES_MAX,
    TEXT_COUNT_MAX,
)
from brickwork_llm.response_schema import BYTES_MAX
from brickwork_sdk.limit import Limit

ANSWER_TOKENS = Limit("GenerateText", "max_token_count", MAX_TOKEN_COUNT_MAX, least=1)
TEMPERATURE = Limit("GenerateText", "temperature", TEMPERATURE_MAX)

LIMITS = (
    ANSWER_TOKENS,
    TEMPERATURE,
    Limit("GenerateText", "response_schema_bytes", BYTES_MAX),
    *(
        limit
        for rpc in ("GenerateText", "CountTokens")
        for limit in (
            Limit(rpc, "message_count", MESSAGE_COUNT_MAX, least=1),
            Limit(rpc, "text_bytes", TEXT_BYTES_MAX),
        )
    ),
    Limit("EmbedTexts", "text_count", TEXT_COUNT_MAX, least=1),
    Limit("EmbedTexts", "text_bytes", TEXT_BYTES_MAX),
)
