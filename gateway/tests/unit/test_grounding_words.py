import pytest

from brickwork_gateway.grounding.clauses import cut
from brickwork_gateway.grounding.english import ENGLISH
from brickwork_gateway.grounding.lexicon import Lexicon
from brickwork_gateway.grounding.portuguese import PORTUGUESE
from brickwork_gateway.grounding.words import Kind, read_words


def numbers(text: str, lexicon: Lexicon) -> list[str]:
    return [word.folded for word in read_words(text, lexicon) if word.kind is Kind.NUMBER]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("one hundred and thirty passengers", ["130"]),
        ("two hundred and forty thousand", ["240000"]),
        ("ten past six, twenty-five", ["10", "6", "25"]),
        ("three and four", ["3", "4"]),
        ("45,000 and 3.5 and 1.234.567", ["45000", "3.5", "1.23457e+06"]),
        ("the 20th, the twenty-eighth", ["20", "28"]),
        ("12 thousand, a million", ["12000", "1e+06"]),
        ("the one that we saw", []),
        ("in the nineteen-sixties, in the 1970s", ["1960", "1970"]),
        ("nineteen seventy-three, twice", ["1973", "2"]),
        ("the second of May", ["2"]),
    ],
)
def test_english_numbers_are_read(text: str, values: list[str]) -> None:
    assert numbers(text, ENGLISH) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("mil e quinhentos reais", ["1500"]),
        ("mil seiscentos e cinquenta", ["1650"]),
        ("seis mil e quatrocentas sacas", ["6400"]),
        ("cento e dez mil", ["110000"]),
        ("nove e quatro, vinte e um", ["9", "4", "21"]),
        ("um dia, 12,5 e 1.200", ["12.5", "1200"]),
        ("no quinto andar", ["5"]),
        ("na terça-feira, às quintas-feiras", []),
    ],
)
def test_portuguese_numbers_are_read(text: str, values: list[str]) -> None:
    assert numbers(text, PORTUGUESE) == values


@pytest.mark.parametrize(
    ("lexicon", "forms"),
    [
        (ENGLISH, ("plan", "plans", "planned", "planning")),
        (ENGLISH, ("carry", "carries", "carried", "carrying")),
        (ENGLISH, ("answer", "answers", "answered")),
        (PORTUGUESE, ("aprovar", "aprovada", "aprovaram", "aprovou")),
        (PORTUGUESE, ("paga", "pagar", "pagou", "pagam")),
    ],
)
def test_the_forms_of_a_word_are_one(lexicon: Lexicon, forms: tuple[str, ...]) -> None:
    assert len({lexicon.meaning(form) for form in forms}) == 1


def test_a_negated_clause_stays_apart_from_one_that_is_not() -> None:
    words = read_words("The insurance pays for the ship, but not for the pier.", ENGLISH)
    clauses = cut(words, ENGLISH)
    assert [[word.folded for word in clause.content] for clause in clauses] == [
        ["insurance", "pays", "ship"],
        ["pier"],
    ]
    assert [clause.is_negated for clause in clauses] == [False, True]


def test_the_portuguese_verb_is_no_joiner() -> None:
    [clause] = cut(read_words("A escada velha não é muito segura.", PORTUGUESE), PORTUGUESE)
    assert [word.folded for word in clause.content] == ["escada", "velha", "segura"]


def test_a_title_ends_no_sentence_and_a_possessive_is_its_name() -> None:
    words = read_words("Mrs. Kerr's boat doesn't float.", ENGLISH)
    assert [(word.folded, word.kind) for word in words if word.kind is not Kind.MARK] == [
        ("mrs", Kind.GRAMMAR),
        ("kerr", Kind.CONTENT),
        ("boat", Kind.CONTENT),
        ("doesn't", Kind.NEGATOR),
        ("float", Kind.CONTENT),
    ]
