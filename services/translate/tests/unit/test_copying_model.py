"""The model that benchmarks load: it must cost what a real one does, so it ends where it should."""

from pathlib import Path

from brickwork_translate.ctranslate2_engine import load
from brickwork_translate.engine import TranslateRequest, Translation
from tools.copying_model import Shape, write_copying

SAID = Path(__file__).parents[4] / "tests" / "data" / "translations" / "en-pt.tsv"
SENTENCES = [line.split("\t")[0] for line in SAID.read_text("utf-8").splitlines()]


def test_a_copying_model_says_all_that_it_is_told_and_ends(tmp_path: Path) -> None:
    write_copying(tmp_path, SENTENCES, 400, Shape(layers=1, width=64, heads=2, vocabulary=500))
    engine = load(tmp_path, {})
    events = engine.translate(TranslateRequest(tuple(SENTENCES), "de", "en"))
    assert [each.text for each in events if isinstance(each, Translation)] == SENTENCES
