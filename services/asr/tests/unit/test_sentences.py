"""Cutting words into segments."""

from brickwork_asr.engine import Word
from brickwork_asr.sentences import SEGMENT_MS_MAX, cut_sentences


def words(*texts: str, each_ms: int = 500, pauses: dict[int, int] | None = None) -> list[Word]:
    found, at = [], 0
    for index, text in enumerate(texts):
        at += (pauses or {}).get(index, 0)
        found.append(Word(at, at + each_ms, text, 0.9))
        at += each_ms
    return found


def texts(given: list[Word], language: str = "en") -> list[str]:
    return [segment.text for segment in cut_sentences(given, language)]


def test_no_words_give_no_segment() -> None:
    assert texts([]) == []


def test_a_sentence_is_a_segment() -> None:
    assert texts(words("It", "works.", "Does", "it?")) == ["It works.", "Does it?"]


def test_a_pause_ends_a_segment() -> None:
    assert texts(words("so", "then", "yes", pauses={2: 1500})) == ["so then", "yes"]


def test_a_very_short_sentence_stays_with_the_next() -> None:
    assert texts(words("Yes.", "It", "works.")) == ["Yes. It works."]


def test_a_long_sentence_is_cut_at_a_word() -> None:
    segments = list(cut_sentences(words(*["word"] * 60), "en"))
    assert all(segment.end_ms - segment.start_ms <= SEGMENT_MS_MAX for segment in segments)
    assert sum(len(segment.words) for segment in segments) == 60


def test_a_language_without_blanks_gets_none() -> None:
    assert texts(words("こん", "にちは。"), "ja") == ["こんにちは。"]


def test_times_of_a_segment_are_those_of_its_words() -> None:
    (segment,) = cut_sentences(words("It", "works."), "en")
    assert (segment.start_ms, segment.end_ms) == (0, 1000)
