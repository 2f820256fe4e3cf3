"""The engine on CTranslate2: OPUS-MT, NLLB and M2M100 from a site's own model store."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import ctranslate2

from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.budget import Budget
from brickwork_sdk.engine.libraries import check_ctranslate2
from brickwork_sdk.engine.placement import Placement
from brickwork_translate.desk import Desk
from brickwork_translate.layouts import Layout, recognise, unreadable
from brickwork_translate.pace import Pace
from brickwork_translate.pieces import Window

SENTENCES_MAX = 32
"""In a batch, where the machine is fast enough for that; with more a processor gains little."""
BEAM_SIZE = 4
"""As the makers of all three families translate. Source: their model cards and papers."""
TOKENS_WANTED, TOKENS_MOST = 160, 256
"""Of a sentence. The models were trained on sentences and see at most 512 tokens."""
_BATCH_TOKENS_MAX = 2_048
"""So many are computed together, padding included; a larger batch is split by the library."""
_LENGTH_CLASS_MIN, _OUT_A_TOKEN = 16, 3


class CTranslate2Model:
    """Translates batches of sentences of about one length, whatever their languages.

    Nothing is penalised for repeating itself, since good texts do so too; what runs on is cut off
    at three times the tokens that are the most in its class of length. By that class, and not by
    the batch, for what a sentence becomes must not depend on whom it is translated with.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement, budget: Budget) -> None:
        self._layout: Layout = recognise(model_dir)
        try:
            self._model = ctranslate2.Translator(
                str(model_dir),
                device=place.device,
                compute_type=place.precision,
                inter_threads=1,
                intra_threads=threads,
            )
        except (RuntimeError, ValueError) as error:
            raise unreadable(
                "model.bin", "The files are no translation model of CTranslate2."
            ) from error
        self.family = self._layout.family
        self.precision = str(self._model.compute_type)
        self.window = Window(
            TOKENS_WANTED,
            TOKENS_MOST,
            size=self._layout.size,
            group=lambda text: _length_class(self._layout.size(text)),
        )
        self.budget = budget
        self._pace = Pace()
        self._threads = threads

    def at_once(self) -> int:
        """Return how many sentences fit into the memory that is granted, and end soon."""
        return min(self.budget.at_once(SENTENCES_MAX), self._pace.count)

    def require(self, source: str, target: str) -> None:
        """See that the model has tokens for both languages; see `SentenceModel`."""
        self._layout.require(source, target)

    def translate(self, sentences: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Translate the sentences of one length class."""
        began = time.process_time()
        tokens = [
            self._layout.tokens(sentence, source)
            for sentence, (source, _) in zip(sentences, pairs, strict=True)
        ]
        prefixes = [self._layout.prefix(target) for _, target in pairs]
        results = self._model.translate_batch(
            tokens,
            target_prefix=prefixes,
            max_batch_size=_BATCH_TOKENS_MAX,
            batch_type="tokens",
            beam_size=BEAM_SIZE,
            max_input_length=0,
            max_decoding_length=_OUT_A_TOKEN * max(map(self.window.group, sentences)),
        )
        answers = [
            self._layout.text(result.hypotheses[0][len(prefix) :])
            for prefix, result in zip(prefixes, results, strict=True)
        ]
        self._pace.note(len(sentences), (time.process_time() - began) / self._threads)
        return answers

    def close(self) -> None:
        """Let go of the weights."""
        self._model.unload_model()


class CTranslate2Engine(Desk):
    """Translates in the directions of its model."""

    def __init__(self, model: CTranslate2Model, place: Placement) -> None:
        super().__init__(model)
        self._translator = model
        self._place = place

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        library = f"ctranslate2 {version('ctranslate2')} ({self._translator.family})"
        return EngineDescription(library, self._translator.precision, self._place.device_name)

    def set_budget(self, granted_bytes: int) -> None:
        """Translate as many sentences at once as this allows."""
        budget = self._translator.budget
        self._translator.budget = replace(budget, granted_bytes=granted_bytes)

    def close(self) -> None:
        """Let go of the model."""
        self._translator.close()


def load(model_dir: Path, options: Mapping[str, str]) -> CTranslate2Engine:
    """Load the model in `model_dir`; options: threads, device, precision, those of a `Budget`.

    Raises:
        NotPossible: MODEL_UNREADABLE, the files are damaged, or no model of a family that is known.
    """
    place = check(options)
    threads = int(options.get("threads", "1"))
    return CTranslate2Engine(CTranslate2Model(model_dir, threads, place, Budget.of(options)), place)


def check(options: Mapping[str, str]) -> Placement:
    """See that a model can compute as the options say; see `check_ctranslate2`."""
    return check_ctranslate2(ctranslate2, options)


def _length_class(token_count: int) -> int:
    """Return the most tokens of the sentences that one is computed together with: 16, 32, 64..."""
    most = _LENGTH_CLASS_MIN
    while most < token_count:
        most *= 2
    return most
