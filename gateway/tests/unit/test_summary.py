from typing import Any

from brickwork_gateway.pipelines import summary


def segment(start_ms: int, text: str, speaker: str | None = "S1") -> dict[str, Any]:
    words = [
        {"start_ms": start_ms + 100 * place, "end_ms": start_ms + 100 * place + 90, "text": word}
        for place, word in enumerate(text.split())
    ]
    end_ms = words[-1]["end_ms"]
    return {
        "start_ms": start_ms,
        "end_ms": end_ms,
        "text": text,
        "speaker": speaker,
        "words": words,
    }


def texts(said: list[dict[str, Any]]) -> list[str]:
    return [sentence["text"] for sentence in said]


def test_sentences_go_over_segments_and_keep_their_times() -> None:
    said = summary.sentences([segment(0, "Good day. We"), segment(1_000, "are here. Yes")])
    assert texts(said) == ["Good day.", "We are here.", "Yes"]
    assert [(s["start_ms"], s["end_ms"]) for s in said] == [(0, 190), (200, 1_190), (1_200, 1_290)]


def test_a_sentence_ends_where_its_speaker_ends() -> None:
    said = summary.sentences([segment(0, "and then", "S1"), segment(500, "what then?", "S2")])
    assert [(s["speaker"], s["text"]) for s in said] == [("S1", "and then"), ("S2", "what then?")]


def test_speech_without_full_stops_is_cut_after_sixty_words() -> None:
    said = summary.sentences([segment(0, " ".join(["word"] * 150))])
    assert [len(text.split()) for text in texts(said)] == [60, 60, 30]


def test_an_abbreviation_ends_no_sentence() -> None:
    said = summary.sentences([segment(0, "And Mr. Dashwood met Dr. No. They spoke.")])
    assert texts(said) == ["And Mr. Dashwood met Dr. No. They spoke."]


def test_sentences_read_as_they_were_written() -> None:
    whole = segment(0, "今日は 。 はい")
    whole["text"] = "今日は。はい"
    assert texts(summary.sentences([whole])) == ["今日は。", "はい"]


def test_a_segment_without_words_counts_as_its_text() -> None:
    whole = {"start_ms": 5, "end_ms": 9, "text": "Yes.", "speaker": None, "words": []}
    assert summary.sentences([whole])[0]["end_ms"] == 9


def test_the_summary_takes_what_the_talk_is_about_once_and_in_order() -> None:
    talk = [
        "Well, good morning to all of you.",
        "The new bridge over the river will be opened in spring.",
        "Um, can somebody close the window there please?",
        "The bridge over the river costs twelve million more than planned.",
        "The new bridge over the river will be opened in spring.",
        "Paying for the bridge means that the school roof must wait a year.",
        "Anyway, that was that.",
        "So let us have lunch now, I am hungry.",
    ]
    picked = summary.extract(
        summary.sentences([segment(5_000 * place, text) for place, text in enumerate(talk)])
    )
    assert texts(picked) == [talk[1], talk[3], talk[5]]


def test_a_long_talk_gets_a_longer_summary_but_not_an_endless_one() -> None:
    def hours(minutes: int) -> int:
        said = [
            {
                "start_ms": 60_000 * place,
                "end_ms": 60_000 * (place + 1),
                "speaker": "S1",
                "text": f"Point {place} is about subject number {place * 7} today.",
            }
            for place in range(minutes)
        ]
        return len(summary.extract(said))

    assert [hours(1), hours(6), hours(200)] == [1, 6, 12]


def test_silence_and_small_talk_have_summaries_too() -> None:
    assert summary.extract([]) == []
    assert texts(summary.extract(summary.sentences([segment(0, "Yes! No!")]))) == ["Yes!", "No!"]


def test_parts_break_lines_between_speakers_and_stay_within_their_limit() -> None:
    said = summary.sentences(
        [segment(0, "One two three. Four five six."), segment(900, "Ja.", None)]
    )
    assert summary.parts(said, 1_000) == ["One two three. Four five six.\nJa."]
    assert summary.parts(said, 18) == ["One two three.", "Four five six.\nJa."]
    assert summary.parts(said, 3) == ["One two three.", "Four five six.", "Ja."]


def test_the_request_comes_after_the_text() -> None:
    asked = summary.asked("The bridge opens in spring.")
    assert asked.startswith("The bridge opens in spring.\n")
    assert asked.endswith("Summarize the text above in a few sentences.")


def test_a_draft_loses_its_repetitions_and_its_unfinished_end() -> None:
    draft = "Ben pays. Carla books a room. Ben pays.\n\nBen pays! Carla books a ro"
    assert summary.tidied(draft) == "Ben pays. Carla books a room."
    assert summary.tidied("桥开了。桥开了。学校等。") == "桥开了。 学校等。"
    assert summary.tidied("Nothing but a beginning") == "Nothing but a beginning"
    assert summary.tidied("  ") == ""


def test_a_text_is_halved_between_words() -> None:
    assert summary.halves("one two three four") == ("one two", "three four")
    assert summary.halves("abcdef") == ("abc", "def")
