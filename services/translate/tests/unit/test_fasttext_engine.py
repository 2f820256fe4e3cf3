"""What the real table of languages says; it needs the model store."""

from pathlib import Path

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_translate.engine import Detected, DetectRequest
from brickwork_translate.fasttext_engine import FasttextEngine, load
from brickwork_translate.sources import SURE_MIN

ROOT = Path(__file__).parents[4]
MODEL = ROOT / ".brickwork" / "models" / "lid-176"


def detected(engine: FasttextEngine, *texts: str) -> list[Detected]:
    steps = engine.detect(DetectRequest(texts))
    return [each for found in steps for each in found.languages]


@pytest.mark.models
def test_sentences_are_told_apart_and_words_are_unsure() -> None:
    lines = (ROOT / "tests/data/translations/languages.tsv").read_text("utf-8").splitlines()
    truth = [line.split("\t") for line in lines]
    found = detected(load(MODEL, {}), *(text for _, text in truth))
    sure = [
        each.language == code
        for (code, _), each in zip(truth, found, strict=True)
        if each.confidence >= SURE_MIN
    ]
    assert len(sure) >= 0.75 * len(truth)
    assert all(sure)
    [word] = detected(load(MODEL, {}), "Lisbon")
    assert word.confidence < SURE_MIN


@pytest.mark.models
def test_what_has_no_letters_has_no_language() -> None:
    engine = load(MODEL, {})
    assert detected(engine, "", "2026", "...\n") == [Detected("", 0.0)] * 3
    [loud] = detected(engine, "THANK YOU VERY\n MUCH")
    assert (loud.language, loud.confidence > 0.9) == ("en", True)
    assert len(detected(engine, *["Bom dia a todos."] * 250)) == 250


@pytest.mark.parametrize("content", [b"", b"no table of languages" * 99])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lid.176.ftz").write_bytes(content)
    with pytest.raises(BrickworkError) as caught:
        load(tmp_path, {})
    assert caught.value.reason is Reason.MODEL_UNREADABLE
