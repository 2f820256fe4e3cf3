"""The check of sentences: planted ones, whose truth is known, and the rules one by one."""

import json
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from brickwork_gateway.grounding.check import Fault, Finding, check
from brickwork_gateway.grounding.recording import Recording
from brickwork_gateway.grounding.spoken import Spoken
from brickwork_gateway.grounding.voices import heard_names
from brickwork_gateway.pipelines.overview import as_spoken

PLANTED = Path(__file__).parents[3] / "tests" / "data" / "grounding"


def planted(name: str) -> tuple[dict[str, Any], Recording]:
    told = json.loads((PLANTED / f"{name}.json").read_text("utf-8"))
    spoken = [
        each
        for number, (speaker, text) in enumerate(told["segments"])
        for each in as_spoken({"speaker": speaker, "text": text, "segments": [number]})
    ]
    return told, Recording(spoken, told["language"])


def found(claim: str, *said: str, language: str = "en") -> Finding:
    """Check a claim against turns, each written as `speaker: text`."""
    turns = (turn.split(": ", 1) for turn in said)
    spoken = [Spoken(text, speaker, (n,)) for n, (speaker, text) in enumerate(turns)]
    return check(claim, Recording(spoken, language))


@pytest.mark.parametrize("language", ["en", "pt"])
def test_of_twenty_planted_sentences_eighteen_are_found_out_and_of_twenty_true_ones_eighteen_stay(
    language: str,
) -> None:
    dropped, right = [], []
    for path in PLANTED.glob(f"*-{language}.json"):
        told, recording = planted(path.stem)
        if told["use"] != "tuning":
            continue
        assert len(told["supported"]) == len(told["unsupported"]) == 20
        right.append(sum(not check(text, recording).fault for text, _ in told["supported"]))
        dropped.append(sum(bool(check(text, recording).fault) for text, _ in told["unsupported"]))
    assert mean(dropped) >= 18
    assert mean(right) >= 18


def test_a_sentence_names_the_segments_that_say_it() -> None:
    said = ("a: We meet in the old library.", "b: Bring the maps.", "a: The roof costs 40,000.")
    assert found("The roof costs forty thousand euros.", *said) == Finding(segments=(2,))


def test_a_fact_that_was_asked_for_and_told_rests_on_both() -> None:
    said = ("a: What does the new roof cost?", "b: About forty thousand.")
    assert found("The new roof costs 40,000.", *said) == Finding(segments=(0, 1))


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("The roof costs 14,000 euros.", Fault.NUMBER),
        ("The roof will be paid in June.", Fault.NUMBER),
        ("Peter pays for the roof in May.", Fault.NAME),
        ("Carla does not pay for the roof.", Fault.NEGATION),
        ("The kitchen was flooded on Sunday.", Fault.WORDS),
        ("They agreed.", Fault.WORDS),
    ],
)
def test_each_fault_has_its_name(claim: str, fault: Fault) -> None:
    said = (
        "a: The roof costs 40,000 euros.",
        "b: In May Carla pays for the roof.",
        "a: Does Peter know the windows?",
        "b: He went to Lisbon to paint.",
    )
    assert found(claim, *said).fault is fault


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The new roof costs 40,000.", Finding(segments=(0, 1))),
        ("The new roof costs 14,000.", Finding(fault=Fault.NUMBER)),
        ("Carla will not pay.", Finding(fault=Fault.NAME)),
        ("Ben will pay.", Finding(fault=Fault.NEGATION)),
        ("The old windows were sold in spring.", Finding(fault=Fault.WORDS)),
    ],
)
def test_the_example_of_the_explanation_is_true(claim: str, expected: Finding) -> None:
    said = ("Ben here.", "About forty thousand.", "I will not pay that.")
    spoken = [Spoken("What does the new roof cost?", "S1", (0,))]
    spoken += [Spoken(text, "S2", (1,)) for text in said]
    assert check(claim, Recording(spoken, "en")) == expected


def test_a_number_of_another_thing_supports_nothing() -> None:
    said = ("a: The roof costs forty thousand.", "a: The windows cost twelve thousand.")
    assert found("The roof costs twelve thousand.", *said).fault is Fault.NUMBER


def test_who_says_i_is_meant_by_the_name_that_he_gave() -> None:
    said = (
        "a: Hello, this is Ana.",
        "b: My name is Ben.",
        "a: I will write the report.",
        "b: I will book the room.",
    )
    assert 2 in found("Ana will write the report.", *said).segments
    assert found("Ben will write the report.", *said).fault is Fault.NAME
    assert found("Ben will write the report and Ana books the room.", *said).fault is Fault.NAME


def test_names_that_change_places_are_noticed_unless_the_sentence_is_passive() -> None:
    said = ("a: Yesterday Maria invited Pedro to the concert.",)
    assert found("Maria invited Pedro to the concert.", *said).fault is None
    assert found("Yesterday Pedro invited Maria to the concert.", *said).fault is Fault.NAME
    assert found("Yesterday Pedro was invited to the concert by Maria.", *said).fault is None


def test_what_changes_places_around_the_verb_is_noticed() -> None:
    said = ("a: The head may grow a new tail.",)
    assert found("The head may grow a new tail.", *said).fault is None
    assert found("The tail may grow a new head.", *said).fault is Fault.NAME


def test_a_true_fact_lends_nothing_to_a_wrong_cause() -> None:
    said = ("a: The old lift broke down on Tuesday.", "b: The lift needs a new motor.")
    claim = "The old lift broke down on Tuesday"
    assert found(f"{claim}.", *said).fault is None
    assert found(f"{claim} because of a fire in the basement.", *said).fault is Fault.WORDS


def test_what_is_called_off_may_be_told_by_a_negation() -> None:
    said = ("a: The sack race is off.", "b: The children loved the sack race last year.")
    assert found("There is no sack race.", *said).fault is None


def test_an_aside_in_words_that_nobody_used_costs_only_its_weight() -> None:
    said = ("a: Olsen repaired the old engine of the ferry in the harbour. He could hardly stand.",)
    assert found("Olsen, exhausted, repaired the old engine of the ferry.", *said).fault is None
    assert found("Olsen, exhausted, sold his apartment in Lisbon.", *said).fault is Fault.WORDS


def test_a_year_is_known_by_its_last_two_digits() -> None:
    said = ("a: The ship was built in seventy-three.",)
    assert found("The ship was built in 1973.", *said).fault is None
    assert found("The ship was built in 1974.", *said).fault is Fault.NUMBER


def test_who_is_called_by_name_is_not_whom_a_sentence_is_about() -> None:
    said = ("a: This is Ana.", "b: My name is Ben.", "a: The shed is too far from the road, Ben.")
    assert found("Ana finds the shed too far from the road.", *said).fault is None


def test_a_name_that_nobody_says_near_a_fact_is_not_of_a_speaker_with_another() -> None:
    said = (
        "a: Hello, this is Ana.",
        "b: Peter is ill.",
        "b: He coughs.",
        "b: He sleeps.",
        "a: I will paint the fence.",
    )
    assert found("Ana will paint the fence.", *said).fault is None
    assert found("Peter will paint the fence.", *said).fault is Fault.NAME


def test_a_question_is_what_its_answer_makes_of_it() -> None:
    said = ("a: Did you lock the old gate?", "b: No, the key was gone.")
    assert found("The old gate was locked.", *said).fault is Fault.NEGATION
    assert found("The old gate was not locked.", *said).fault is None


def test_the_no_of_an_answer_negates_nothing_else() -> None:
    said = ("a: Is the small gate open?", "b: No, the big gate stands open today.")
    assert found("The big gate stands open today.", *said).fault is None


def test_a_language_without_a_lexicon_is_checked_by_words_and_digits() -> None:
    said = ("a: Het dak kost 40000 euro.", "b: De ramen zijn oud.")
    assert found("Het dak kost 40000 euro.", *said, language="nl").segments == (0,)
    assert found("Het dak kost 90000 euro.", *said, language="nl").fault is Fault.NUMBER
    assert found("Wij gaan morgen zwemmen.", *said, language="nl").fault is Fault.WORDS


def test_nothing_supports_anything_when_nothing_was_said() -> None:
    assert found("The roof leaks.").fault is Fault.WORDS
    assert found("", "a: The roof leaks.").fault is Fault.WORDS


def test_a_name_is_heard_when_it_is_given_or_called_twice() -> None:
    said = [
        ("a", "This is Judith Kerr."),
        ("b", "Perhaps, we could begin."),
        ("a", "What did you see, Farah?"),
        ("c", "Nothing."),
        ("a", "And you, Farah?"),
        ("c", "Nothing either."),
        ("a", "Tell us, Tom."),
        ("b", "Nothing."),
    ]
    spoken = [Spoken(text, speaker, (n,)) for n, (speaker, text) in enumerate(said)]
    assert heard_names(spoken, "en") == {
        "a": frozenset({"judith", "kerr"}),
        "c": frozenset({"farah"}),
    }


def test_who_answers_a_question_that_begins_with_a_name_has_this_name() -> None:
    said = [
        ("a", "Dr. Judith Kerr from the harbour here, good evening."),
        ("b", "Good evening, I see that Walter was expected."),
        ("a", "Walter, how does one become a pilot?"),
        ("b", "By accident."),
    ]
    spoken = [Spoken(text, speaker, (n,)) for n, (speaker, text) in enumerate(said)]
    assert heard_names(spoken, "en")["b"] == frozenset({"walter"})


def test_a_name_is_heard_when_somebody_presents_himself_by_it_or_is_praised_by_it() -> None:
    said = [
        ("a", "Good evening, everybody."),
        ("b", "Evening."),
        ("b", "Idris, engine room."),
        ("c", "We need six hundred posters."),
        ("a", "Good point, Priya."),
        ("c", "Thank you."),
    ]
    spoken = [Spoken(text, speaker, (n,)) for n, (speaker, text) in enumerate(said)]
    assert heard_names(spoken, "en") == {"b": frozenset({"idris"}), "c": frozenset({"priya"})}


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("The bank lends at most 9,000.", "The bank lends no more than nine thousand."),
        ("You may bring at most thirty coins.", "We ask you not to bring more than thirty coins."),
        (
            "Nobody heard the boat for fifteen minutes.",
            "Nobody heard the boat for a quarter of an hour.",
        ),
        ("The band plays without pay.", "The band plays for free."),
    ],
)
def test_limits_and_amounts_are_known_in_other_words(claim: str, said: str) -> None:
    assert found(claim, f"a: {said}").fault is None


def test_a_number_after_one_in_thousands_may_be_meant_in_thousands() -> None:
    said = ("a: The German oven is twenty-six thousand, the Italian one twenty-one.",)
    assert found("The Italian oven costs 21,000.", *said).fault is None
    assert found("The Italian oven costs 24,000.", *said).fault is Fault.NUMBER


def test_a_number_counts_what_the_adjective_after_it_belongs_to() -> None:
    said = ("a: The new boat sails.", "a: It leaks.", "b: Who rows?", "a: Nine recruits joined.")
    assert found("Nine new recruits joined.", *said).fault is None


def test_what_stands_before_a_negation_is_not_negated() -> None:
    said = ("a: Worms eat the leaves so quickly that young maples do not find soil.",)
    assert found("Young maples suffer because worms eat the leaves quickly.", *said).fault is None
    assert found("Young maples find soil.", *said).fault is Fault.NEGATION


def test_what_is_not_refused_is_no_refusal() -> None:
    said = ("b: I'm not against it, but I want to hear one before I agree.",)
    assert found("They want to hear one before they agree.", *said).fault is None


def test_what_is_missing_is_not_there() -> None:
    said = ("a: How many of the pictures are missing?", "b: Eleven of thirty pictures.")
    assert found("Eleven of the thirty pictures are not finished.", *said).fault is None


def test_a_reflexive_after_a_negation_is_no_if() -> None:
    said = ("a: Ninguém ficou ferido no acidente.",)
    assert found("Ninguém se feriu no acidente.", *said, language="pt").fault is None


def test_an_answer_that_says_nothing_takes_up_no_room_between_two_sentences() -> None:
    said = (
        "a: Sixty children visit the mill.",
        "b: Fine.",
        "b: Thank you.",
        "a: They come on Thursday.",
    )
    assert found("Sixty children visit the mill on Thursday.", *said).fault is None
