import pytest
from hypothesis import given
from hypothesis import strategies as st

from brickwork_translate.pieces import Window, cut

CHARACTERS = Window(wanted=150, most=300)
WORDS = Window(wanted=8, most=12, size=lambda text: len(text.split()))


def words_of(text: str) -> list[str]:
    return [piece.text for piece in cut(text, CHARACTERS) if piece.has_words]


@given(st.text(max_size=800))
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in cut(text, CHARACTERS)) == text


@given(st.text(alphabet="ab .,;\n", max_size=2000))
def test_no_piece_with_words_is_long_or_holds_a_line_break(text: str) -> None:
    for piece in cut(text, CHARACTERS):
        if piece.has_words:
            assert len(piece.text) <= CHARACTERS.most
            assert piece.text == piece.text.strip()
            assert "\n" not in piece.text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mr. Jones.", ["Dr. Smith met Mr. Jones."]),
        ("O Sr. Silva chegou. A Dra. Lima saiu.", ["O Sr. Silva chegou.", "A Dra. Lima saiu."]),
        ("J. S. Bach wrote it.", ["J. S. Bach wrote it."]),
        ("It grew by 3.5 percent.", ["It grew by 3.5 percent."]),
        ("Wait... what?", ["Wait... what?"]),
        ('He said "No." She left.', ['He said "No."', "She left."]),
        ("Não. Às vezes.", ["Não.", "Às vezes."]),
        (
            "今日は晴れです。明日は雨ですか？はい。",
            ["今日は晴れです。", "明日は雨ですか？", "はい。"],
        ),
    ],
)
def test_text_is_cut_at_its_sentences(text: str, sentences: list[str]) -> None:
    assert words_of(text) == sentences


def test_marks_of_lists_and_headings_stay_out() -> None:
    text = "# Title\n\n- first point\n  * second\n12. third\r\n"
    assert words_of(text) == ["Title", "first point", "second", "third"]


def test_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "the plan was good and the board liked it, "
    pieces = words_of(clause * 20)
    assert len(pieces) > 1
    assert all(piece.endswith("it,") for piece in pieces)


def test_sentence_of_middling_length_without_clauses_stays_whole() -> None:
    assert words_of("word " * 50) == [("word " * 50).strip()]


def test_very_long_sentence_without_clauses_is_cut_between_words() -> None:
    pieces = words_of("word " * 200)
    assert len(pieces) > 1
    assert {word for piece in pieces for word in piece.split()} == {"word"}


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "2026", "14:30 - 15:00", "🙂", "x" * 90])
def test_what_holds_no_words_is_left_alone(text: str) -> None:
    assert words_of(text) == []


def test_size_is_what_the_window_says_it_is() -> None:
    text = "one two three four, " * 9
    pieces = [piece.text for piece in cut(text, WORDS) if piece.has_words]
    assert {len(piece.split()) for piece in pieces[:-1]} == {8}
    assert " ".join(pieces) == text.strip()


def test_a_script_that_the_model_lacks_is_left_alone() -> None:
    latin = Window(150, 300, reads=str.isascii)
    assert [piece.has_words for piece in cut("日本語", latin)] == [False]
    assert words_of("日本語") == ["日本語"]


def test_a_sentence_without_blanks_is_cut_where_it_must_be() -> None:
    pieces = words_of("日" * 700)
    assert [len(piece) for piece in pieces] == [300, 300, 100]


def test_a_long_text_without_an_end_is_cut_whole() -> None:
    text = "a. " * 100_000
    assert sum(len(piece.text) for piece in cut(text, CHARACTERS)) == len(text)
