"""What the RPCs of the llm brick take; how many tokens a model reads at once is its own."""

from brickwork_llm.engine import MAX_TOKEN_COUNT_MAX, TEMPERATURE_MAX
from brickwork_sdk.limits import Limit

LIMITS = (
    Limit("GenerateText", "max_token_count", MAX_TOKEN_COUNT_MAX, least=1),
    Limit("GenerateText", "temperature", TEMPERATURE_MAX),
)
