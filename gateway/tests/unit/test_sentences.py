from typing import Any

from brickwork_gateway.pipelines.sentences import drafted, halves, sentences


def segment(start_ms: int, text: str, speaker: str | None = "S1", index: int = 0) -> dict[str, Any]:
    words = [
        {"start_ms": start_ms + 100 * place, "end_ms": start_ms + 100 * place + 90, "text": word}
        for place, word in enumerate(text.split())
    ]
    end_ms = words[-1]["end_ms"]
    return {
        "index": index,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "text": text,
        "speaker": speaker,
        "words": words,
    }


def texts(said: list[dict[str, Any]]) -> list[str]:
    return [sentence["text"] for sentence in said]


def test_sentences_go_over_segments_and_keep_their_times() -> None:
    said = sentences([segment(0, "Good day. We"), segment(1_000, "are here. Yes", index=1)])
    assert texts(said) == ["Good day.", "We are here.", "Yes"]
    assert [(s["start_ms"], s["end_ms"]) for s in said] == [(0, 190), (200, 1_190), (1_200, 1_290)]
    assert [s["segments"] for s in said] == [[0], [0, 1], [1]]


def test_a_sentence_ends_where_its_speaker_ends() -> None:
    said = sentences([segment(0, "and then", "S1"), segment(500, "what then?", "S2")])
    assert [(s["speaker"], s["text"]) for s in said] == [("S1", "and then"), ("S2", "what then?")]


def test_speech_without_full_stops_is_cut_after_sixty_words() -> None:
    said = sentences([segment(0, " ".join(["word"] * 150))])
    assert [len(text.split()) for text in texts(said)] == [60, 60, 30]


def test_an_abbreviation_ends_no_sentence() -> None:
    said = sentences([segment(0, "And Mr. Dashwood met Dr. No. They spoke.")])
    assert texts(said) == ["And Mr. Dashwood met Dr. No.", "They spoke."]
    assert drafted("Mr. Dashwood came. He left.") == ["Mr. Dashwood came.", "He left."]


def test_sentences_read_as_they_were_written() -> None:
    whole = segment(0, "今日は 。 はい")
    whole["text"] = "今日は。はい"
    assert texts(sentences([whole])) == ["今日は。", "はい"]


def test_a_segment_without_words_counts_as_its_text() -> None:
    whole = {"index": 0, "start_ms": 5, "end_ms": 9, "text": "Yes.", "speaker": None, "words": []}
    assert sentences([whole])[0]["end_ms"] == 9


def test_a_draft_loses_its_repetitions_its_bullets_and_its_unfinished_end() -> None:
    draft = "Ben pays. Carla books a room. Ben pays.\n\nBen pays! Carla books a ro"
    assert drafted(draft) == ["Ben pays.", "Carla books a room."]
    assert drafted("- Ben pays.\n- Carla books.\n3. Ann left.") == [
        "Ben pays.",
        "Carla books.",
        "Ann left.",
    ]
    assert drafted("桥开了。桥开了。学校等。") == ["桥开了。", "学校等。"]
    assert drafted("Nothing but a beginning") == ["Nothing but a beginning"]
    assert drafted("  \n***\n") == []


def test_a_text_is_halved_between_words() -> None:
    assert halves("one two three four") == ("one two", "three four")
    assert halves("abcdef") == ("abc", "def")
