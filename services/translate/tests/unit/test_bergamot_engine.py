"""What the real models say; they need the model store."""

from pathlib import Path

import pytest

from brickwork_translate.bergamot_engine import BergamotEngine, load
from brickwork_translate.engine import Term, TranslateRequest, Translation

pytestmark = pytest.mark.models

MODELS_DIR = Path(__file__).parents[4] / ".brickwork" / "models"


@pytest.fixture(scope="module")
def en_pt() -> BergamotEngine:
    return load(MODELS_DIR / "bergamot-en-pt", {})


@pytest.fixture(scope="module")
def pt_en() -> BergamotEngine:
    return load(MODELS_DIR / "bergamot-pt-en", {})


def translated(engine: BergamotEngine, *texts: str) -> list[str]:
    events = engine.translate(TranslateRequest(texts, "en", "pt"))
    return [event.text for event in events if isinstance(event, Translation)]


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("How are you today?", "Como você está hoje?"),
        ("No, the results are not final.", "Não, os resultados não são finais."),
        (
            "Nobody knew why the server had stopped.",
            "Ninguém sabia por que o servidor tinha parado.",
        ),
    ],
)
def test_english_becomes_portuguese(en_pt: BergamotEngine, english: str, portuguese: str) -> None:
    assert translated(en_pt, english) == [portuguese]


def test_no_and_not_keep_their_sense(en_pt: BergamotEngine, pt_en: BergamotEngine) -> None:
    negated = translated(
        en_pt,
        "There is no reason to change the plan.",
        "The patient has no fever.",
        "I don't have any objection.",
        "You must not open this door.",
    )
    assert all("não" in text.casefold() for text in negated)
    # "no" is Portuguese for "in the", and must not turn into a "not".
    plain = translated(en_pt, "We met in the bank on Saturday.", "Room No. 5 is in the basement.")
    assert not any("não" in text.casefold() for text in plain)
    there = translated(pt_en, "Encontro no banco no sábado.", "Não há provas.")
    assert " not " not in f" {there[0].casefold()} "
    assert "no " in there[1]


def test_signs_of_typesetters_are_understood(en_pt: BergamotEngine) -> None:
    curly, plain = translated(en_pt, "It\u2019s John\u2019s book.", "It's John's book.")
    assert curly == plain == "É o livro de John."


def test_shape_of_a_text_survives(en_pt: BergamotEngine) -> None:
    text = "# Results\n\n- The first point. The second point.\n- 14:30\n\n日本語\n"
    [answer] = translated(en_pt, text)
    lines = answer.split("\n")
    assert len(lines) == 7
    assert lines[0].startswith("# Result")
    assert lines[2].startswith("- ")
    assert lines[3:] == ["- 14:30", "", "日本語", ""]


def test_empty_texts_stay_empty(en_pt: BergamotEngine) -> None:
    assert translated(en_pt, "", "  ", "\n") == ["", "  ", "\n"]


def test_nothing_of_a_long_text_is_left_out(en_pt: BergamotEngine) -> None:
    cities = ["Lisbon", "Porto", "Madrid", "Paris", "Berlin", "Vienna", "Rome", "Athens", "Oslo"]
    visits = " ".join(f"On the way home the tired old man visited {city} again." for city in cities)
    [answer] = translated(en_pt, visits.replace(". On", ", and on"))
    assert answer.count("visitou") == len(cities)


def test_long_text_can_be_left_at_every_sentence(en_pt: BergamotEngine) -> None:
    request = TranslateRequest(("One more sentence. " * 30,), "en", "pt")
    assert len(list(en_pt.translate(request))) == 31


def test_two_threads_say_what_one_says(en_pt: BergamotEngine) -> None:
    texts = [f"The meeting number {n} starts at {n} o'clock." for n in range(12)]
    side_by_side = load(MODELS_DIR / "bergamot-en-pt", {"threads": "2"})
    assert translated(side_by_side, *texts) == translated(en_pt, *texts)


def test_what_must_survive_goes_through_the_model(en_pt: BergamotEngine) -> None:
    glossary = (Term("dashboard", "painel de controle"),)
    text = "The dashboard sends <b>{count}</b> mails to bob@example.com every 15 minutes."
    [done] = [
        event
        for event in en_pt.translate(TranslateRequest((text,), "en", "pt", glossary))
        if isinstance(event, Translation)
    ]
    parts = ("painel de controle", "<b>{count}</b>", "bob@example.com", "15")
    assert all(part in done.text for part in parts), done.text
    assert (done.missing, done.parted_count) == ((), 0)
