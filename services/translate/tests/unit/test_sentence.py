"""What becomes of a sentence, with models that copy names well, badly, or not at all."""

import re
from collections.abc import Callable

import pytest

from brickwork_translate.engine import Kind, Missing, Term
from brickwork_translate.keeps import Keeper
from brickwork_translate.sentence import NAMES_MAX, Done, translated

TERMS = [Term("board", "conselho")]


def run(text: str, model: Callable[[str], str]) -> tuple[Done, list[str]]:
    """Translate one sentence; return what came of it and what the model was asked."""
    marked, keeps = Keeper(TERMS).mark(text)
    steps = translated(marked, keeps)
    asked: list[str] = []
    texts = next(steps)
    while True:
        asked += texts
        try:
            texts = steps.send([model(each) for each in texts])
        except StopIteration as end:
            return end.value, asked


def test_a_model_that_copies_is_asked_once() -> None:
    done, asked = run("The board sent %s.", lambda text: text.replace("The", "O"))
    assert asked == ["The XX1 sent XX2."]
    assert done == Done("O conselho sent %s.", (), is_parted=False)


def test_what_comes_back_in_another_order_is_put_where_it_came() -> None:
    done, _ = run("board {x}", lambda text: "XX2 XX1")
    assert done.text == "{x} conselho"


@pytest.mark.parametrize("answer", ["nothing", "XX1 and XX1", "XX11", "xx1"])
def test_a_name_that_is_lost_or_doubled_gets_another_one(answer: str) -> None:
    done, asked = run("the board", lambda text: answer if "XX" in text else text)
    assert asked == ["the XX1", "the [1]"]
    assert done == Done("the conselho", (), is_parted=False)


def loses_names(text: str) -> str:
    return re.sub(r"XX\d|\[\d\]", "", text).upper()


def test_what_no_name_carries_is_put_between_parts() -> None:
    done, asked = run("Tell the board of {x}: now!", loses_names)
    assert asked[-3:] == ["Tell the", "of", ": now!"]
    assert done == Done("TELL THE conselho OF {x}: NOW!", (), is_parted=True)


def test_a_sentence_of_nothing_but_names_needs_no_words() -> None:
    done, _ = run("{a} - {b}", lambda text: "lost")
    assert done == Done("{a} - {b}", (), is_parted=True)


def test_markup_keeps_its_order_and_stays_at_its_words() -> None:
    done, _ = run("Press <b>Save</b> now", lambda text: text.replace("Save", "Salvar"))
    assert done.text == "Press <b>Salvar</b> now"
    turned, _ = run("Press <b>Save</b>", lambda text: "XX2 Salvar XX1" if "XX" in text else text)
    assert turned.text == "Press <b>Save</b>"


def test_a_number_that_is_lost_is_asked_for_by_name() -> None:
    done, asked = run("10 people", lambda text: text.replace("10", "ten"))
    assert asked == ["10 people", "XX1 people"]
    assert done == Done("10 people", (), is_parted=False)


def test_a_number_that_stays_lost_is_reported_with_the_better_answer() -> None:
    done, _ = run("10 or 10 people", lambda text: "ten or 10 pessoas")
    assert done == Done("ten or 10 pessoas", (Missing(Kind.NUMBER, "10"),), is_parted=False)


def test_a_text_that_looks_like_our_names_is_no_harm() -> None:
    done, _ = run("XX1 board", lambda text: text)
    assert done.text == "XX1 conselho"


def test_more_than_a_model_can_carry_is_parted_at_once() -> None:
    text = "a {x} " * (NAMES_MAX + 1)
    done, asked = run(text.strip(), lambda text: text)
    assert set(asked) == {"a"}
    assert done == Done(text.strip(), (), is_parted=True)
