"""The engine that tells languages apart, on fastText's table of letter groups."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import fasttext

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_translate.engine import Detected, DetectedLanguages, Detector, DetectRequest

_MODEL = "lid.176.ftz"
_TEXTS_A_STEP = 100
_CHARS_MAX = 2_000
"""So many letters tell a language as surely as more of them do."""


class FasttextEngine(Detector):
    """Names the likeliest of 176 languages for each text."""

    def __init__(self, model_dir: Path) -> None:
        try:
            self._model = fasttext.load_model(str(model_dir / _MODEL))
        except ValueError as error:
            raise NotPossible(
                Reason.MODEL_UNREADABLE,
                f"The file {_MODEL} is no model of fastText.",
                metadata={"file": _MODEL},
            ) from error

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        library = "fasttext-predict-v2"
        return EngineDescription(f"{library} {version(library)}", "int8", "cpu")

    def close(self) -> None:
        """Have nothing to let go but memory."""

    def detect(self, request: DetectRequest) -> Iterator[DetectedLanguages]:
        """Yield the languages in the order of the texts, a hundred at a time."""
        for first in range(0, len(request.texts), _TEXTS_A_STEP):
            texts = request.texts[first : first + _TEXTS_A_STEP]
            yield DetectedLanguages(tuple(map(self._language, texts)))

    def _language(self, text: str) -> Detected:
        seen = " ".join(text[:_CHARS_MAX].split())
        if not any(map(str.isalpha, seen)):
            return Detected("", 0.0)
        # The table knows few words in capitals, and takes them for another language.
        labels, probabilities = self._model.predict(seen.lower() if seen.isupper() else seen)
        if not labels:
            return Detected("", 0.0)
        # The library adds a little against a logarithm of nothing, and so comes to 1.00001.
        return Detected(labels[0].removeprefix("__label__"), min(1.0, float(probabilities[0])))


def load(model_dir: Path, options: Mapping[str, str]) -> FasttextEngine:
    """Load the table in `model_dir`; there are no options."""
    return FasttextEngine(model_dir)
