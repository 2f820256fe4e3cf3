"""What translating means here: the values, and the Protocols of what engines can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from brickwork_sdk.engine.interim import Interim

TEXT_COUNT_MAX = 1_000
TEXT_BYTES_MAX = 1024 * 1024
"""All texts of a request together, as UTF-8: about six hours of talk."""


class Kind(StrEnum):
    """What something is that must survive translation."""

    TERM = "term"
    NUMBER = "number"
    PLACEHOLDER = "placeholder"
    MARKUP = "markup"
    ADDRESS = "address"


@dataclass(frozen=True)
class Term:
    """Words of the source, and what they must become in the translation."""

    source: str
    target: str


@dataclass(frozen=True)
class TranslateRequest:
    """Asks for texts in another language.

    Attributes:
        texts: to be translated; empty ones stay empty.
        source: ISO 639-1 code of their language.
        target: ISO 639-1 code of the wanted one.
        glossary: terms with a translation of their own; each source stands there once.
    """

    texts: tuple[str, ...]
    source: str
    target: str
    glossary: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Missing:
    """Something of a text that its translation should hold and does not."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Translation:
    """A text in the wanted language.

    Attributes:
        index: of the text in the request, from 0.
        text: the translation.
        missing: what should have survived and did not.
        parted_count: sentences that were translated in parts, around what the model would not copy.
    """

    index: int
    text: str
    missing: tuple[Missing, ...] = ()
    parted_count: int = 0


@dataclass(frozen=True)
class Progress(Interim):
    """Sentences translated so far; it makes room for other calls and for cancelling."""

    sentence_count: int


class Engine(Protocol):
    """Translates between the languages of its model."""

    def translate(self, request: TranslateRequest) -> Iterator[Translation | Progress]:
        """Yield the translations in order, with progress within long ones.

        Raises:
            InvalidInput: LANGUAGE_PAIR_UNAVAILABLE, the model does not know one of the languages.
        """
        ...


@dataclass(frozen=True)
class DetectRequest:
    """Asks in which languages texts are."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Detected:
    """The likeliest language of a text.

    Attributes:
        language: ISO 639-1 code, or that of ISO 639-3 where there is none; empty where a text has
            no letters.
        confidence: the model's own probability, 0 to 1.
    """

    language: str
    confidence: float


@dataclass(frozen=True)
class DetectedLanguages:
    """The languages of the next texts of a request, in their order."""

    languages: tuple[Detected, ...]


class Detector(Protocol):
    """Tells languages apart."""

    def detect(self, request: DetectRequest) -> Iterator[DetectedLanguages]:
        """Yield the languages in the order of the texts, some at a time."""
        ...
