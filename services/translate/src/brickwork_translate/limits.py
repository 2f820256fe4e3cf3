"""What the RPCs of the translate brick take."""

from brickwork_sdk.limit import Limit
from brickwork_translate.border import (
    ID_CHARS_MAX,
    LIVE_TEXT_BYTES_MAX,
    TERM_CHARS_MAX,
    TERM_COUNT_MAX,
)
from brickwork_translate.engine import TEXT_BYTES_MAX, TEXT_COUNT_MAX

LIMITS = (
    Limit("TranslateTexts", "texts_count", TEXT_COUNT_MAX),
    Limit("TranslateTexts", "texts_bytes", TEXT_BYTES_MAX),
    Limit("TranslateTexts", "glossary_count", TERM_COUNT_MAX),
    Limit("TranslateTexts", "term_chars", TERM_CHARS_MAX, least=1),
    Limit("TranslateLiveText", "id_chars", ID_CHARS_MAX, least=1),
    Limit("TranslateLiveText", "text_bytes", LIVE_TEXT_BYTES_MAX),
    Limit("TranslateLiveText", "glossary_count", TERM_COUNT_MAX),
    Limit("TranslateLiveText", "term_chars", TERM_CHARS_MAX, least=1),
)
