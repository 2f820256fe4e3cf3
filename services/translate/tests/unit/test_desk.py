"""How the sentences of several calls share a model, seen by a model that notes its batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from brickwork_sdk.engine.calls import Call, CallTable
from brickwork_translate.desk import Desk
from brickwork_translate.engine import Progress, Term, TranslateRequest, Translation
from brickwork_translate.order import AHEAD_MAX, Order
from brickwork_translate.pieces import Window, one_group


class Noting:
    """Turns texts into capitals, and notes what it was given at once."""

    window = Window(wanted=150, most=300)

    def __init__(self, seats: int = 4, group: Callable[[str], int] = one_group) -> None:
        self.window = replace(self.window, group=group)
        self.seats = seats
        self.batches: list[list[str]] = []

    def at_once(self) -> int:
        return self.seats

    def require(self, source: str, target: str) -> None:
        pass

    def translate(self, sentences: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
        assert set(pairs) == {("en", "pt")}
        self.batches.append(list(sentences))
        if "poison" in sentences:
            raise RuntimeError("poisoned")
        return [sentence.upper() for sentence in sentences]


Steps = Iterator[Translation | Progress]


def asked(desk: Desk, *texts: str) -> Steps:
    return desk.translate(TranslateRequest(texts, "en", "pt"))


def texts_of(steps: Steps) -> list[str]:
    found = [each for each in steps if isinstance(each, Translation)]
    assert [each.index for each in found] == list(range(len(found)))
    return [each.text for each in found]


def test_one_call_fills_batches_with_its_own_sentences() -> None:
    model = Noting()
    assert texts_of(asked(Desk(model), "One. Two.", "", "Three", "Four. Five. Six.")) == [
        "ONE. TWO.",
        "",
        "THREE",
        "FOUR. FIVE. SIX.",
    ]
    assert model.batches == [["One.", "Two.", "Three", "Four."], ["Five.", "Six."]]


def test_calls_that_have_begun_share_one_batch() -> None:
    model = Noting()
    desk = Desk(model)
    calls = [asked(desk, name) for name in "abcd"]
    assert [texts_of(call) for call in calls] == [["A"], ["B"], ["C"], ["D"]]
    assert model.batches == [["a", "b", "c", "d"]]


def test_free_seats_go_round_among_the_others() -> None:
    model = Noting(seats=5)
    desk = Desk(model)
    small = asked(desk, "small")
    large, larger = (asked(desk, *(f"{name}{n}" for n in range(9))) for name in "xy")
    assert texts_of(small) == ["SMALL"]
    assert sorted(model.batches[0]) == ["small", "x0", "x1", "y0", "y1"]
    assert texts_of(large) == [f"X{n}" for n in range(9)]
    assert texts_of(larger) == [f"Y{n}" for n in range(9)]


def test_who_has_its_turn_sits_first_and_with_all_that_it_has() -> None:
    model = Noting(seats=3)
    desk = Desk(model)
    first, second = asked(desk, *"abcd"), asked(desk, *"wxyz")
    next(first)
    next(second)
    assert model.batches == [["a", "b", "c"], ["w", "x", "y"]]


def test_a_batch_is_of_one_group_that_of_whose_turn_it_is() -> None:
    model = Noting(group=len)
    desk = Desk(model)
    calls = [asked(desk, *texts) for texts in (("a", "bb", "c"), ("dd", "e"), ("ff",))]
    assert [texts_of(call) for call in calls] == [["A", "BB", "C"], ["DD", "E"], ["FF"]]
    assert model.batches == [["a", "c", "e"], ["bb", "ff", "dd"]]


def test_a_call_without_words_has_nobody_work_for_it() -> None:
    model = Noting()
    desk = Desk(model)
    empty, other = asked(desk, "", "..."), asked(desk, "other")
    assert texts_of(empty) == ["", "..."]
    assert model.batches == []
    assert texts_of(other) == ["OTHER"]


def test_who_shared_a_batch_has_its_answer_before_the_next_batch() -> None:
    model, table, ticks = Noting(seats=2), CallTable(), count()
    desk = Desk(model)
    for number, text in enumerate("abcd"):
        table.add(Call(number, asked(desk, text), 1.0, credit=8))
    batches_at_end = {}
    while call := table.next():
        try:
            table.advance(call, lambda: float(next(ticks)))
        except StopIteration:
            table.remove(call.number)
            batches_at_end[call.number] = len(model.batches)
    assert batches_at_end == {0: 1, 1: 1, 2: 2, 3: 2}


def test_a_call_that_is_left_takes_no_more_seats() -> None:
    model = Noting()
    desk = Desk(model)
    stays, leaves = asked(desk, "stays"), asked(desk, "leaves")
    leaves.close()  # type: ignore[attr-defined]  # engines yield from generators
    assert texts_of(stays) == ["STAYS"]
    assert model.batches == [["stays"]]


def test_an_error_is_of_the_call_whose_sentence_it_is() -> None:
    desk = Desk(Noting())
    good, bad, other = asked(desk, "good"), asked(desk, "poison"), asked(desk, "other")
    assert texts_of(good) == ["GOOD"]
    with pytest.raises(RuntimeError, match="poisoned"):
        list(bad)
    assert texts_of(other) == ["OTHER"]


def test_others_do_not_work_ahead_for_who_does_not_read() -> None:
    model = Noting(seats=8)
    desk = Desk(model)
    slow = asked(desk, *(f"s{n}" for n in range(500)))
    assert len(texts_of(asked(desk, *(f"q{n}" for n in range(501))))) == 501
    ahead = sum(name.startswith("s") for batch in model.batches for name in batch)
    assert ahead <= AHEAD_MAX
    assert len(texts_of(slow)) == 500


def test_a_long_text_is_not_read_to_its_end_for_who_may_share_a_batch() -> None:
    seen: list[str] = []

    def group(text: str) -> int:
        seen.append(text)
        return 1

    order = Order(TranslateRequest(("One. " * 500,), "en", "pt"), Window(150, 300, group=group))
    assert order.take(4, group=2) == []
    assert len(seen) == AHEAD_MAX
    assert len(order.take(4)) == 4


def test_what_must_survive_is_told_with_its_text() -> None:
    desk = Desk(Noting())
    request = TranslateRequest(("Ask the board.\n\nWhat?",), "en", "pt", (Term("board", "Rat"),))
    [done] = [each for each in desk.translate(request) if isinstance(each, Translation)]
    assert (done.text, done.parted_count) == ("ASK THE Rat.\n\nWHAT?", 0)


def test_many_at_once_answer_as_one_after_another() -> None:
    texts = [f"Call {n} has {n} things. And {{more}}!" for n in range(32)]
    alone = [texts_of(asked(Desk(Noting()), text)) for text in texts]
    desk = Desk(Noting(seats=7))
    calls = [asked(desk, text) for text in texts]
    assert [texts_of(call) for call in calls] == alone
