"""In which language each text is taken to be, and what becomes of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from brickwork_translate.engine import Detected
from brickwork_translate.pairs import Pairs

SURE_MIN = 0.7
"""From this confidence on a detection is relied on; see the README of the brick for how often it is
right above and below."""


class Outcome(StrEnum):
    """What becomes of a text."""

    TRANSLATED = "translated"
    ALREADY_THERE = "already_there"
    NO_PAIR = "no_pair"
    NO_LANGUAGE = "no_language"


@dataclass(frozen=True)
class Item:
    """A text and what is to be done with it.

    Attributes:
        text: itself.
        outcome: what becomes of it.
        source: its language; empty where that is not known.
        model: what translates it; None where nothing does.
        detected: what the detector says; None where it was not asked.
    """

    text: str
    outcome: Outcome
    source: str
    model: str | None = None
    detected: Detected | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the detection is relied on."""
        return self.detected is not None and self.detected.confidence >= SURE_MIN


def settle(
    texts: Sequence[str],
    detected: Sequence[Detected],
    target: str,
    pairs: Pairs,
    heard: "Counter[str]",
) -> list[Item]:
    """Decide for each text; whoever is unsure follows the language of most who are sure.

    Args:
        texts: of one request.
        detected: their languages, one for each.
        target: the wanted language.
        pairs: what can be translated.
        heard: how many sure texts there were in each language; what is sure here is added.
    """
    heard.update(each.language for each in detected if each.confidence >= SURE_MIN)
    usual = heard.most_common(1)[0][0] if heard else None
    return [
        _item(text, each, target, pairs, usual) for text, each in zip(texts, detected, strict=True)
    ]


def _item(text: str, detected: Detected, target: str, pairs: Pairs, usual: str | None) -> Item:
    if not detected.language:
        return Item(text, Outcome.NO_LANGUAGE, "", detected=detected)
    is_sure = detected.confidence >= SURE_MIN
    source = detected.language if is_sure or usual is None else usual
    if source == target:
        return Item(text, Outcome.ALREADY_THERE, source, detected=detected)
    model = pairs.model(source, target)
    outcome = Outcome.NO_PAIR if model is None else Outcome.TRANSLATED
    return Item(text, outcome, source, model, detected)
