"""Engines without a model: the same text always gives the same answer."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from brickwork_sdk.engine import EngineDescription
from brickwork_translate.desk import Desk
from brickwork_translate.engine import Detected, DetectedLanguages, Detector, DetectRequest
from brickwork_translate.pieces import Window

_SAID = {"Bom dia": "pt", "Hola": "es"}
"""How texts begin that are not English."""


class SwappingModel:
    """Turns what is written in capitals into small letters, and the other way round."""

    window = Window(wanted=150, most=300)

    def at_once(self) -> int:
        """Take some."""
        return 8

    def require(self, source: str, target: str) -> None:
        """Know every language."""

    def translate(self, sentences: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Swap the letters of each."""
        return [sentence.swapcase() for sentence in sentences]


class ScriptedTranslateEngine(Desk, Detector):
    """Translates by swapping letters, and tells languages by how texts begin."""

    def __init__(self) -> None:
        super().__init__(SwappingModel())

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def detect(self, request: DetectRequest) -> Iterator[DetectedLanguages]:
        """Yield the languages; what has a question mark is unsure, and what has no letter none."""
        for text in request.texts:
            yield DetectedLanguages((_detected(text),))


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedTranslateEngine:
    """Need neither model nor options."""
    return ScriptedTranslateEngine()


def _detected(text: str) -> Detected:
    if not any(map(str.isalpha, text)):
        return Detected("", 0.0)
    language = next((code for begin, code in _SAID.items() if text.startswith(begin)), "en")
    return Detected(language, 0.3 if "?" in text else 0.9)
