"""What translating keeps of a text, how sure languages are told, and what many callers gain."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate import bergamot_engine, fasttext_engine
from brickwork_translate.__main__ import register
from brickwork_translate.engine import DetectRequest, Term, TranslateRequest, Translation
from brickwork_translate.keeps import Keeper, numbers_of
from brickwork_translate.settings import TranslateSettings
from brickwork_translate.sources import SURE_MIN
from tools.bench import site_model
from tools.bench.row import Bound, Row, at_least
from tools.copying_model import Shape
from tools.scores import character_f_score

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / ".brickwork" / "models"
DATA = ROOT / "tests" / "data" / "translations"

TERMS = (
    ("dashboard", "painel de controle"),
    ("load balancer", "balanceador de carga"),
    ("Acme Cloud", "Acme Cloud"),
    ("purchase order", "ordem de compra"),
    ("flux capacitor", "capacitor de fluxo"),
)
CALLERS = 32
_CALL_SECONDS_MAX = 120.0


def measure() -> Iterator[Row | str]:
    """Yield the rows about both default models, the detector, and callers side by side."""
    for pair in (("en", "pt"), ("pt", "en")):
        engine = bergamot_engine.load(MODELS / "bergamot-{}-{}".format(*pair), {})
        yield from _kept(engine, pair)
    yield from _detected()
    english = [line[0] for line in _table("en-pt")]
    name = "bergamot-en-pt on two threads"
    yield _gain(name, ("en", "pt"), english, _Setup(2), alone=48, each=6, bound=None)
    with tempfile.TemporaryDirectory() as folder:
        store, own = site_model.write_site(Path(folder), english, Shape())
        yield "the model that copies is written"
        name = "a copying model as large as OPUS-MT (CTranslate2 int8), one thread"
        row = _gain(
            name,
            site_model.PAIR,
            english,
            _Setup(1, own, store),
            alone=24,
            each=3,
            bound=at_least(1.5),
        )
        told = "the model has weights of chance and hand, and says as many tokens as it is told"
        yield replace(row, conditions=f"{row.conditions}; {told}")


def _kept(engine: bergamot_engine.BergamotEngine, pair: tuple[str, str]) -> Iterator[Row]:
    """Yield what the sentences of one direction keep."""
    side = ("en", "pt").index(pair[0])
    name = "{} to {}".format(*pair)
    sources, references = ([line[k] for line in _table("en-pt")] for k in (side, 1 - side))
    found = _translated(engine, pair, sources)
    chrf = character_f_score(references, [each.text for each in found])
    told = f"{len(sources)} everyday sentences of tests/data/translations, one reference each"
    yield Row(f"chrF {name}", chrf, "chrF", None, told)

    frames = [line[side] for line in _table("terms")]
    survived, parted, count = 0, 0, 0
    for words in TERMS:
        term = Term(words[side], words[1 - side])
        texts = [frame.replace("*", term.source) for frame in frames]
        found = _translated(engine, pair, texts, term)
        survived += sum(term.target in each.text for each in found)
        parted += sum(each.parted_count > 0 for each in found)
        count += len(found)
    told = (
        f"{len(frames)} sentences with each of {len(TERMS)} terms, none of which the names for "
        f"terms were chosen by; in {parted} of {count} the model was worked around"
    )
    share = 100 * survived / count
    yield Row(f"terms of a glossary that survive {name}", share, "%", at_least(95), told)

    texts = [line[side] for line in _table("kept")]
    found = _translated(engine, pair, texts)
    lost = [_lost(text, each) for text, each in zip(texts, found, strict=True)]
    silent = sum(max(0, one - len(each.missing)) for one, each in zip(lost, found, strict=True))
    parts = sum(_part_count(text) for text in texts)
    told = (
        f"{len(texts)} sentences with {parts} numbers, placeholders, tags and addresses; "
        f"{sum(lost)} lost, and {silent} of them without a word; worked around in "
        f"{sum(each.parted_count for each in found)} sentences"
    )
    share = 100 * (parts - silent) / parts
    yield Row(f"numbers and the like kept or reported {name}", share, "%", at_least(100), told)


def _translated(
    engine: bergamot_engine.BergamotEngine,
    pair: tuple[str, str],
    texts: Sequence[str],
    *terms: Term,
) -> list[Translation]:
    request = TranslateRequest(tuple(texts), *pair, terms)
    return [each for each in engine.translate(request) if isinstance(each, Translation)]


def _part_count(text: str) -> int:
    marked, keeps = Keeper(()).mark(text)
    return len(keeps) + numbers_of(marked).total()


def _lost(text: str, made: Translation) -> int:
    """Count what a translation lacks, without asking whoever made it."""
    marked, keeps = Keeper(()).mark(text)
    rest = made.text
    lost = 0
    for keep in keeps:
        lost += keep.text not in rest
        rest = rest.replace(keep.text, " ", 1)
    return lost + (numbers_of(marked) - numbers_of(rest)).total()


def _detected() -> Iterator[Row]:
    """Yield how languages are told, on the half that the bound of sureness was not chosen by."""
    rows = _table("languages")[1::2]
    engine = fasttext_engine.load(MODELS / "lid-176", {})
    [found] = engine.detect(DetectRequest(tuple(text for _, text in rows)))
    right = [one.language == code for (code, _), one in zip(rows, found.languages, strict=True)]
    sure = [one.confidence >= SURE_MIN for one in found.languages]
    both = sum(one and other for one, other in zip(right, sure, strict=True))
    told = (
        f"{len(rows)} texts in {len({code for code, _ in rows})} languages, half of them of one to "
        f"four words; all of them, sure or not: {sum(right)} right"
    )
    name = "languages told right where the detector is sure"
    yield Row(name, 100 * both / sum(sure), "%", None, f"{both} of {sum(sure)}; {told}")


@dataclass(frozen=True)
class _Setup:
    """How a brick is set up: threads of its library, and a store of its own."""

    threads: int
    own_models: Path | None = None
    store: Path = MODELS


def _gain(
    name: str,
    pair: tuple[str, str],
    sentences: Sequence[str],
    setup: _Setup,
    *,
    alone: int,
    each: int,
    bound: Bound | None,
) -> Row:
    """Measure callers who send one sentence after the other, one of them and many."""
    one, many = asyncio.run(_rates(pair, sentences, setup, alone, each))
    return Row(
        f"sentences a second of {CALLERS} callers over one, {name}",
        many / one,
        "ratio",
        bound,
        f"each caller sends a sentence when it has the one before: {many:.1f} over {one:.1f} a "
        f"second, {CALLERS * each} and {alone} sentences; the callers on the same cores",
    )


async def _rates(
    pair: tuple[str, str], sentences: Sequence[str], setup: _Setup, alone: int, each: int
) -> tuple[float, float]:
    class Settings(TranslateSettings):
        threads: int = setup.threads
        own_models: Path | None = setup.own_models

    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        async with served_brick(
            "brickwork_translate",
            Settings,
            register,
            Path(folder),
            engine="real",
            models_dir=setup.store,
        ) as channel:
            stub = translate_pb2_grpc.TranslateServiceStub(channel)

            async def call(place: int, count: int) -> None:
                for number in range(count):
                    request = translate_pb2.TranslateTextsRequest(
                        texts=[sentences[(place * count + number) % len(sentences)]],
                        source_language=pair[0],
                        target_language=pair[1],
                    )
                    async for _ in stub.TranslateTexts(request, timeout=_CALL_SECONDS_MAX):
                        pass

            async def seconds(places: range, count: int) -> float:
                began = time.monotonic()
                await asyncio.gather(*(call(place, count) for place in places))
                return time.monotonic() - began

            await seconds(range(2), 1)
            # One caller before and after the many: a machine that gets slower shows in both.
            before = await seconds(range(1), alone // 2)
            many = await seconds(range(CALLERS), each)
            after = await seconds(range(1, 2), alone // 2)
            return alone / (before + after), CALLERS * each / many


def _table(name: str) -> list[list[str]]:
    lines = (DATA / f"{name}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines]
