"""What the llm brick counts besides what every brick does; the only home of these names."""

from brickwork_sdk.telemetry.metrics import Counter

TOKENS = Counter(
    "brickwork_llm_tokens_total",
    "Tokens that were read (prompt) and written (completion).",
    ["model", "kind"],
)
