"""What the translate brick counts besides what every brick does; the only home of these names."""

from brickwork_sdk.telemetry.metrics import Counter

CHARACTERS = Counter(
    "brickwork_translate_characters_total", "Characters that were translated.", ["model"]
)
