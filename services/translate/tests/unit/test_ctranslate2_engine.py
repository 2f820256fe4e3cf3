"""The engine on CTranslate2, with models of each family whose weights are chance."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import pytest
import sentencepiece

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_translate.ctranslate2_engine import (
    BEAM_SIZE,
    SENTENCES_MAX,
    CTranslate2Engine,
    check,
    load,
)
from brickwork_translate.engine import TranslateRequest, Translation
from brickwork_translate.layouts import recognise
from tools.chance_model import train_pieces, write_m2m, write_nllb, write_opus

PARALLEL = Path(__file__).parents[4] / "tests" / "data" / "translations" / "en-pt.tsv"
TEXTS = PARALLEL.read_text("utf-8").replace("\t", "\n").splitlines()
SENTENCES = [line for line in TEXTS if not any(map(str.isdigit, line))][:12]

WRITERS: dict[str, Callable[[Path], None]] = {
    "OPUS-MT": lambda folder: write_opus(folder, TEXTS),
    "NLLB": lambda folder: write_nllb(folder, TEXTS, ["eng_Latn", "por_Latn", "deu_Latn"]),
    "M2M100": lambda folder: write_m2m(folder, TEXTS, ["en", "pt", "de"]),
}
NAMES = {"NLLB": ("eng_Latn", "por_Latn"), "M2M100": ("__en__", "__pt__")}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {family: tmp_path_factory.mktemp("model") for family in WRITERS}
    for family, folder in folders.items():
        WRITERS[family](folder)
    return folders


@pytest.fixture
def spoilt(models: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    def copy(family: str) -> Path:
        return Path(shutil.copytree(models[family], tmp_path / "spoilt"))

    return copy


def told(engine: CTranslate2Engine, *texts: str, pair: tuple[str, str] = ("en", "pt")) -> list[str]:
    events = engine.translate(TranslateRequest(texts, *pair))
    return [event.text for event in events if isinstance(event, Translation)]


def said_by_hand(folder: Path, family: str, sentence: str) -> str:
    """Translate as the documentation of CTranslate2 does it for this family."""
    shared = "source.spm" if family == "OPUS-MT" else "sentencepiece.bpe.model"
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / shared))
    tokens: list[str] = pieces.encode(sentence, out_type=str)
    source, target = NAMES.get(family, (None, None))
    tokens = [*([source] if source else []), *tokens, "</s>"]
    assert len(tokens) <= 16
    options: dict[str, Any] = {"target_prefix": [[target]]} if target else {}
    [result] = ctranslate2.Translator(str(folder), compute_type="int8").translate_batch(
        [tokens], beam_size=BEAM_SIZE, max_decoding_length=48, **options
    )
    out = sentencepiece.SentencePieceProcessor(
        model_file=str(folder / ("target.spm" if family == "OPUS-MT" else shared))
    )
    return str(out.decode(result.hypotheses[0][1 if target else 0 :]))


@pytest.mark.parametrize("family", WRITERS)
def test_each_family_is_recognised_and_told(models: dict[str, Path], family: str) -> None:
    engine = load(models[family], {"threads": "1"})
    about = engine.describe()
    assert about.engine == f"ctranslate2 {ctranslate2.__version__} ({family})"
    assert (about.precision, about.device) == ("int8_float32", "cpu")
    engine.close()


@pytest.mark.parametrize("family", WRITERS)
def test_tokens_are_those_that_the_family_wants(models: dict[str, Path], family: str) -> None:
    folder, sentence = models[family], "The train was late."
    assert told(load(folder, {}), sentence) == [said_by_hand(folder, family, sentence)]


def test_the_wanted_language_changes_the_translation(models: dict[str, Path]) -> None:
    layout = recognise(models["NLLB"])
    assert layout.prefix("de") == ["deu_Latn"]
    assert layout.tokens("a", "pt")[0] == "por_Latn"


def test_a_converter_that_leaves_the_end_to_the_model_is_believed(
    spoilt: Callable[[str], Path],
) -> None:
    folder = spoilt("OPUS-MT")
    assert recognise(folder).tokens("a", "en")[-1] == "</s>"
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "add_source_eos": True}))
    assert recognise(folder).tokens("a", "en")[-1] != "</s>"


@pytest.mark.parametrize("family", WRITERS)
def test_a_batch_of_many_calls_says_what_each_would_alone(
    models: dict[str, Path], family: str
) -> None:
    engine = load(models[family], {})
    alone = [told(engine, sentence) for sentence in SENTENCES]
    calls = [engine.translate(TranslateRequest((each,), "en", "pt")) for each in SENTENCES]
    together = [[each.text for each in call if isinstance(each, Translation)] for call in calls]
    assert together == alone
    assert told(engine, *SENTENCES) == [text for [text] in alone]


def test_paragraphs_and_long_sentences_are_kept_in_their_shape(models: dict[str, Path]) -> None:
    text = f"# One\n\n\n  - Two. Three?\r\n{'and so on, ' * 200}\n"
    [answer] = told(load(models["M2M100"], {}), text)
    assert answer.count("\n") == text.count("\n")
    assert answer.startswith("# ")
    assert "\n\n\n  - " in answer
    assert "\r\n" in answer


def test_a_language_without_a_token_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(BrickworkError) as caught:
        told(load(models["NLLB"], {}), "a", pair=("en", "fr"))
    assert caught.value.reason is Reason.LANGUAGE_PAIR_UNAVAILABLE
    assert caught.value.metadata["language"] == "fr"


def test_a_smaller_grant_makes_smaller_batches(models: dict[str, Path]) -> None:
    limits = {"budget_bytes": "400", "footprint_bytes": "100", "ceiling_bytes": "400"}
    engine = load(models["OPUS-MT"], limits)
    model = engine._translator
    model._pace.count = 100  # No matter how fast this machine is.
    assert model.at_once() == SENTENCES_MAX
    engine.set_budget(100)
    assert model.at_once() == 1
    assert len(told(engine, *SENTENCES)) == len(SENTENCES)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def with_content(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def foreign_pieces(folder: Path) -> None:
    path = folder / "sentencepiece.bpe.model"
    train_pieces(path, ["ζψχ ωβθ τσρ κπο νμλ καη ιξ"] * 50, 60)


def nameless(folder: Path) -> None:
    path = folder / "shared_vocabulary.json"
    words: Sequence[str] = json.loads(path.read_text())
    path.write_text(json.dumps([word.strip("_") for word in words]))


@pytest.mark.parametrize(
    ("family", "spoil", "file"),
    [
        ("OPUS-MT", without("target.spm"), "*.spm"),
        ("OPUS-MT", without("source_vocabulary.json"), "shared_vocabulary.json"),
        ("OPUS-MT", without("model.bin"), "model.bin"),
        ("OPUS-MT", with_content("model.bin", b"no model"), "model.bin"),
        ("OPUS-MT", with_content("model.bin", b""), "model.bin"),
        ("OPUS-MT", with_content("source.spm", b"no pieces"), "source.spm"),
        ("OPUS-MT", with_content("config.json", b"[]"), "config.json"),
        ("OPUS-MT", with_content("source_vocabulary.json", b"{"), "source_vocabulary.json"),
        ("NLLB", without("sentencepiece.bpe.model"), "*.spm"),
        ("NLLB", foreign_pieces, "sentencepiece.bpe.model"),
        ("M2M100", nameless, "sentencepiece.bpe.model"),
    ],
)
def test_a_foreign_or_damaged_model_is_refused(
    spoilt: Callable[[str], Path], family: str, spoil: Callable[[Path], object], file: str
) -> None:
    folder = spoilt(family)
    spoil(folder)
    with pytest.raises(BrickworkError) as caught:
        load(folder, {})
    assert caught.value.reason is Reason.MODEL_UNREADABLE
    assert caught.value.metadata["file"] == file
    assert caught.value.message.endswith(".")


def test_a_precision_that_the_device_lacks_is_refused() -> None:
    with pytest.raises(BrickworkError) as caught:
        check({"precision": "float4"})
    assert caught.value.reason is Reason.SETTING_INVALID
