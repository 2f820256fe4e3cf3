"""An engine without a model: the same text always gives the same answer."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from brickwork_sdk.engine import EngineDescription
from brickwork_translate.engine import Progress, TranslateRequest, Translation
from brickwork_translate.pieces import cut


class ScriptedTranslateEngine:
    """Turns what is written in capitals into small letters, and the other way round."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def translate(self, request: TranslateRequest) -> Iterator[Translation | Progress]:
        """Yield each text with its letters swapped, after a progress for its pieces."""
        count = 0
        for index, text in enumerate(request.texts):
            count += sum(piece.has_words for piece in cut(text))
            yield Progress(count)
            yield Translation(index, text.swapcase())


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedTranslateEngine:
    """Need neither model nor options."""
    return ScriptedTranslateEngine()
