import pytest

from brickwork_translate.engine import Kind, Term
from brickwork_translate.keeps import MARK, Keeper, numbers_of


def kept(text: str, *terms: tuple[str, str]) -> list[tuple[str, str]]:
    keeps = Keeper([Term(*term) for term in terms]).mark(text)[1]
    return [(keep.kind.value, keep.becomes) for keep in keeps]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello {name}, you have %d new %s.", ["{name}", "%d", "%s"]),
        (
            "Take {{ user.name }} or ${HOME} or %(count)s.",
            ["{{ user.name }}", "${HOME}", "%(count)s"],
        ),
        ("Run `make all` &amp; wait &#39;.", ["`make all`", "&amp;", "&#39;"]),
        ("Press <b>Save</b><br/> now", ["<b>", "</b>", "<br/>"]),
        ("See https://example.com/a?b=1&c=2. Then go.", ["https://example.com/a?b=1&c=2"]),
        ("(www.example.org)", ["www.example.org"]),
        ("Write to ana.silva+x@mail.example.com, please.", ["ana.silva+x@mail.example.com"]),
        ("It costs €1,200.50 or 30 £.", ["€1,200.50", "30 £"]),
        ("Well done 🎉!", ["🎉"]),
        ("50% discount, 100 % sure, a < b and b > c, 3 @ 4", []),
        (f"A {MARK} of the sender", [MARK]),
    ],
)
def test_what_must_survive_is_found(text: str, parts: list[str]) -> None:
    assert [part for _, part in kept(text)] == parts


def test_marks_stand_where_the_parts_stood() -> None:
    marked, keeps = Keeper([Term("big apple", "Nova Iorque")]).mark("The big apple, %s!")
    assert marked == f"The {MARK}, {MARK}!"
    assert [keep.kind for keep in keeps] == [Kind.TERM, Kind.PLACEHOLDER]


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("The board met.", ["conselho"]),
        ("Board meetings", ["Conselho"]),
        ("BOARD", []),
        ("boards, onboard", []),
        ("a board-room", ["conselho"]),
        ("board of directors", ["diretoria"]),
    ],
)
def test_a_term_is_whole_words_and_the_longest(text: str, becomes: list[str]) -> None:
    terms = ("board", "conselho"), ("board of directors", "diretoria")
    assert [part for _, part in kept(text, *terms)] == becomes


def test_a_term_of_a_script_without_blanks_is_found_within_a_sentence() -> None:
    assert kept("東京都に住む", ("東京", "Tokyo")) == [("term", "Tokyo")]


def test_a_term_within_an_address_is_the_addresss() -> None:
    assert kept("https://board.example.com", ("board", "x")) == [
        ("address", "https://board.example.com")
    ]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("1,200.50", "1.200,50", True),
        ("14:30", "14h30", True),
        ("12 000", "12.000", True),
        ("07", "7", True),
        ("3 of 4", "4 de 3", True),
        ("٣", "3", True),
        ("2 2", "2", False),
        ("15", "51", False),
    ],
)
def test_numbers_are_the_same_however_they_are_grouped(one: str, other: str, is_same: bool) -> None:
    assert (numbers_of(one) == numbers_of(other)) is is_same


@pytest.mark.parametrize("text", ["a@" * 60_000, "<a" * 60_000, "{" * 120_000, "%(" * 60_000])
def test_a_long_text_of_nearly_is_no_harder_than_other_text(text: str) -> None:
    assert kept(text) == []
