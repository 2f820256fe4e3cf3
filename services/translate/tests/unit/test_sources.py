from collections import Counter

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.models import ServedModel
from brickwork_translate.engine import Detected
from brickwork_translate.pairs import Pairs
from brickwork_translate.sources import Outcome, settle


def served(name: str, languages: str, *abilities: str) -> ServedModel:
    return ServedModel(
        name=name,
        engine="brickwork_translate.x_engine",
        licence="none",
        origin="none",
        footprint_bytes=1,
        languages=tuple(languages.split()),
        abilities=abilities,
    )


MODELS = [
    served("en-pt", "en pt"),
    served("many", "pt en fr", "any_to_any"),
    served("ears", "en pt fr de", "detect_languages"),
]
PAIRS = Pairs(MODELS)

EN, PT, DE = (Detected(code, 0.9) for code in ("en", "pt", "de"))
NONE = Detected("", 0.0)


def outcomes(*detected: Detected, heard: "Counter[str] | None" = None) -> list[tuple[str, Outcome]]:
    items = settle(
        ["text"] * len(detected), detected, "pt", PAIRS, Counter() if heard is None else heard
    )
    return [(item.source, item.outcome) for item in items]


def test_each_text_is_of_its_own_language() -> None:
    assert outcomes(EN, PT, DE, NONE) == [
        ("en", Outcome.TRANSLATED),
        ("pt", Outcome.ALREADY_THERE),
        ("de", Outcome.NO_PAIR),
        ("", Outcome.NO_LANGUAGE),
    ]


def test_an_unsure_text_follows_those_that_are_sure() -> None:
    unsure = Detected("pt", 0.4)
    assert outcomes(unsure) == [("pt", Outcome.ALREADY_THERE)]
    assert outcomes(unsure, EN, EN, DE)[0] == ("en", Outcome.TRANSLATED)
    assert outcomes(unsure, heard=Counter(en=1)) == [("en", Outcome.TRANSLATED)]


def test_what_was_heard_is_remembered_for_the_next_texts() -> None:
    heard: Counter[str] = Counter()
    outcomes(EN, EN, PT, heard=heard)
    assert heard == {"en": 2, "pt": 1}


def test_a_pair_has_the_first_model_that_holds_it() -> None:
    assert [(pair, model) for pair, model in PAIRS.listed()] == [
        (("en", "fr"), "many"),
        (("en", "pt"), "en-pt"),
        (("fr", "en"), "many"),
        (("fr", "pt"), "many"),
        (("pt", "en"), "many"),
        (("pt", "fr"), "many"),
    ]
    assert [pair for pair, _ in PAIRS.listed(target="fr")] == [("en", "fr"), ("pt", "fr")]
    assert PAIRS.detector == "ears"


@pytest.mark.parametrize(
    ("pairs", "source", "target", "reason"),
    [
        (PAIRS, "auto", "de", Reason.LANGUAGE_PAIR_UNAVAILABLE),
        (PAIRS, "auto", "auto", Reason.LANGUAGE_UNKNOWN),
        (Pairs(MODELS[:2]), "auto", "pt", Reason.MODEL_CANNOT),
        (PAIRS, "de", "pt", Reason.LANGUAGE_PAIR_UNAVAILABLE),
    ],
)
def test_what_cannot_be_served_is_refused(
    pairs: Pairs, source: str, target: str, reason: Reason
) -> None:
    with pytest.raises(BrickworkError) as caught:
        pairs.require(source, target)
    assert caught.value.reason is reason


def test_an_error_names_some_pairs_and_not_thousands() -> None:
    many = Pairs([served("m", "en pt fr de es it nl sv pl ru", "any_to_any")])
    message = many.unavailable("ja", "en").message
    assert message.endswith("and 70 more.")
