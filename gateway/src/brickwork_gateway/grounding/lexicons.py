"""Which languages have a lexicon."""

from collections.abc import Mapping

from brickwork_gateway.grounding.english import ENGLISH
from brickwork_gateway.grounding.lexicon import Lexicon
from brickwork_gateway.grounding.portuguese import PORTUGUESE

LEXICONS: Mapping[str, Lexicon] = {"en": ENGLISH, "pt": PORTUGUESE}
"""By ISO 639-1."""

_UNKNOWN = Lexicon()


def lexicon_of(language: str | None) -> Lexicon:
    """Return the lexicon of a language; one that knows no word where there is none."""
    return LEXICONS.get(language or "", _UNKNOWN)
