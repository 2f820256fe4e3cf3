"""A word is final once two hypotheses agree on it, and stays so."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_asr.agreement import Agreement, plain
from brickwork_asr.engine import Word

VOCABULARY = st.sampled_from(["one", "two", "three", "Two", "two,", "three."])


def words(*texts: str) -> list[Word]:
    return [Word(at * 100, at * 100 + 90, text, 1.0) for at, text in enumerate(texts)]


def said(found: Sequence[Word]) -> list[str]:
    return [word.text for word in found]


def test_two_hypotheses_agree_up_to_where_they_part() -> None:
    agreement = Agreement()
    assert agreement.hear(words("he", "was", "knot")) == []
    assert said(agreement.hear(words("he", "was", "not", "an"))) == ["he", "was"]
    assert said(agreement.tentative) == ["not", "an"]


def test_the_last_word_is_never_agreed_on_and_its_full_stop_is_the_later_one() -> None:
    agreement = Agreement()
    agreement.hear(words("young", "man"))
    assert said(agreement.hear(words("young", "man."))) == ["young"]
    assert said(agreement.hear(words("Man.", "Unless"))) == ["Man."]


def test_what_was_settled_up_to_a_time_leaves_the_rest_to_be_heard_again() -> None:
    agreement = Agreement()
    agreement.hear(words("one", "two", "three"))
    assert said(agreement.settle(before_ms=200)) == ["one", "two"]
    assert said(agreement.settle()) == ["three"]
    assert agreement.tentative == ()


def test_a_mark_alone_is_a_word_of_its_own() -> None:
    assert (plain("Don't!"), plain("…"), plain("É")) == ("dont", "…", "é")


@settings(deadline=None)
@given(st.lists(VOCABULARY, max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_a_stable_text_becomes_final_word_by_word_and_whole(
    text: list[str], steps: list[int]
) -> None:
    agreement, final, heard = Agreement(), list[Word](), 0
    for step in steps:
        heard += step
        final += agreement.hear(words(*text)[len(final) : heard])
        assert said(final) == text[: len(final)]
    final += agreement.hear(words(*text)[len(final) :])
    assert said(final + agreement.settle()) == text


@settings(deadline=None)
@given(st.lists(st.lists(VOCABULARY, max_size=6), max_size=8))
def test_of_any_hypotheses_only_what_two_in_a_row_began_with_is_final(
    hypotheses: list[list[str]],
) -> None:
    agreement, before = Agreement(), list[str]()
    for texts in hypotheses:
        found = said(agreement.hear(words(*texts)))
        assert found + said(agreement.tentative) == texts
        assert [plain(text) for text in found] == [plain(text) for text in before[: len(found)]]
        assert len(found) < max(1, len(texts))
        before = said(agreement.tentative)
