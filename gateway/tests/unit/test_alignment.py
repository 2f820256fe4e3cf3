from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_gateway.pipelines import alignment
from brickwork_gateway.pipelines.alignment import NEAREST_MS_MAX, Turn


def segment(*words: tuple[int, int, str]) -> dict[str, Any]:
    return {
        "start_ms": words[0][0],
        "end_ms": words[-1][1],
        "text": " ".join(word[2] for word in words),
        "language": "en",
        "words": [
            {"start_ms": start, "end_ms": end, "text": text, "confidence": None}
            for start, end, text in words
        ],
    }


def align(segments: list[dict[str, Any]], turns: list[Turn]) -> list[dict[str, Any]]:
    return alignment.align(segments, turns, {})


def told(pieces: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
    return [(piece["speaker"], piece["text"]) for piece in pieces]


def test_a_segment_belongs_to_who_speaks_in_it() -> None:
    pieces = align([segment((0, 500, "Good"), (500, 900, "day."))], [Turn(0, 1000, "S1")])
    assert told(pieces) == [("S1", "Good day.")]


def test_a_segment_is_split_where_its_speaker_changes() -> None:
    words = segment((0, 400, "Ready?"), (500, 900, "Yes."), (1000, 1400, "Go."))
    [first, second] = align([words], [Turn(0, 450, "A"), Turn(450, 2000, "B")])
    assert told([first, second]) == [("S1", "Ready?"), ("S2", "Yes. Go.")]
    assert (first["start_ms"], first["end_ms"]) == (0, 400)
    assert (second["start_ms"], second["end_ms"]) == (500, 1400)
    assert [word["text"] for word in second["words"]] == ["Yes.", "Go."]


def test_a_word_under_two_voices_belongs_to_the_one_that_covers_more_of_it() -> None:
    turns = [Turn(0, 150, "A"), Turn(100, 400, "B")]
    assert told(align([segment((0, 300, "well"))], turns)) == [("S1", "well")]
    assert align([segment((0, 300, "well"))], turns)[0]["speaker"] == "S1"
    two = align([segment((0, 100, "so")), segment((50, 350, "well"))], turns)
    assert [piece["speaker"] for piece in two] == ["S1", "S2"]


def test_speakers_are_numbered_in_the_order_in_which_they_first_say_a_word() -> None:
    turns = [Turn(0, 100, "S2"), Turn(500, 1000, "S1"), Turn(1000, 2000, "S2")]
    pieces = align([segment((500, 900, "First.")), segment((1100, 1500, "Second."))], turns)
    assert [piece["speaker"] for piece in pieces] == ["S1", "S2"]


def test_a_word_in_no_turn_goes_with_its_neighbours() -> None:
    far = 10 * NEAREST_MS_MAX
    words = segment((0, 100, "So"), (far, far + 100, "far"), (2 * far, 2 * far + 100, "away"))
    assert told(align([words], [Turn(0, 100, "A")])) == [("S1", "So far away")]


def test_a_segment_near_a_turn_is_that_speakers_and_far_from_all_nobodys() -> None:
    turns = [Turn(0, 1000, "A")]
    near, far = 1000 + NEAREST_MS_MAX, 1001 + NEAREST_MS_MAX
    assert align([segment((near, near + 10, "hm"))], turns)[0]["speaker"] == "S1"
    assert align([segment((far, far + 10, "hm"))], turns)[0]["speaker"] is None


def test_a_long_turn_that_began_early_is_found_behind_many_short_ones() -> None:
    turns = [Turn(0, 100_000, "A"), *(Turn(n, n + 10, "B") for n in range(1000, 50_000, 1000))]
    assert align([segment((80_000, 80_500, "still"))], turns)[0]["speaker"] == "S1"


def test_a_split_segment_reads_as_it_was_written() -> None:
    words = segment((0, 400, "今日"), (400, 800, "は。"), (800, 1200, "はい"))
    words["text"] = "今日は。はい"
    assert told(align([words], [Turn(0, 800, "A"), Turn(800, 1200, "B")])) == [
        ("S1", "今日は。"),
        ("S2", "はい"),
    ]
    words["text"] = "text of another transcript"
    assert told(align([words], [Turn(0, 1200, "A")])) == [("S1", "今日 は。 はい")]


def test_without_turns_nobody_is_named_and_nothing_is_split() -> None:
    pieces = align([segment((0, 400, "Ready?"), (500, 900, "Yes."))], [])
    assert told(pieces) == [(None, "Ready? Yes.")]


def test_a_segment_without_words_is_assigned_as_a_whole() -> None:
    whole = {"start_ms": 0, "end_ms": 900, "text": "Yes.", "language": "en", "words": []}
    assert told(align([whole], [Turn(0, 100, "A"), Turn(100, 900, "B")])) == [("S1", "Yes.")]


def test_silence_has_no_segments() -> None:
    assert align([], []) == []


_TURNS = st.lists(
    st.builds(
        lambda start, length, who: Turn(start, start + length, who),
        st.integers(0, 9_000),
        st.integers(0, 5_000),
        st.sampled_from("ABC"),
    ),
    max_size=8,
)
_STARTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=12).map(sorted)


@settings(deadline=None)
@given(_STARTS, _TURNS)
def test_no_word_is_lost_doubled_or_moved(starts: list[int], turns: list[Turn]) -> None:
    words = [(start, start + 200, f"w{number}") for number, start in enumerate(starts)]
    pieces = align([segment(*words)], turns)
    kept = [(w["start_ms"], w["end_ms"], w["text"]) for p in pieces for w in p["words"]]
    assert kept == words
    assert " ".join(piece["text"] for piece in pieces) == " ".join(word[2] for word in words)


def test_who_has_spoken_on_a_page_before_keeps_the_name() -> None:
    turns = [Turn(0, 400, "B"), Turn(400, 900, "A")]
    names: dict[str, str] = {}
    pages = [[segment((0, 400, "One."))], [segment((500, 700, "Two."), (100, 200, "Three."))]]
    pieces = [piece for page in pages for piece in alignment.align(page, turns, names)]
    assert told(pieces) == [("S1", "One."), ("S2", "Two."), ("S1", "Three.")]
