"""Finding speech for which there is no word."""

import pytest

from brickwork_asr.engine import Word
from brickwork_asr.unheard import unheard_speech

START_MS = 60_000


def word(start_seconds: float, end_seconds: float) -> Word:
    start_ms, end_ms = round(start_seconds * 1000), round(end_seconds * 1000)
    return Word(START_MS + start_ms, START_MS + end_ms, "word", 1.0)


def unheard(speech: list[tuple[float, float]], words: list[Word]) -> list[tuple[float, float]]:
    samples = [(round(start * 16_000), round(end * 16_000)) for start, end in speech]
    found = unheard_speech(samples, words, START_MS)
    return [(start / 16_000, end / 16_000) for start, end in found]


@pytest.mark.parametrize(
    ("speech", "words", "expected"),
    [
        pytest.param([(0, 9)], [word(0.2, 8.8)], [], id="all is heard"),
        pytest.param([(0, 12), (12.5, 20)], [word(12.6, 19)], [(0, 12)], id="the beginning"),
        pytest.param([(0, 20)], [word(0.1, 9)], [(9, 20)], id="the end"),
        pytest.param([(0, 20)], [word(0, 5), word(9, 20)], [(5, 9)], id="the middle"),
        pytest.param([(0, 5), (15, 20)], [word(0, 5), word(15, 20)], [], id="a pause is no loss"),
        pytest.param([(0, 9)], [word(0, 4), word(5.9, 9)], [], id="a breath is no loss"),
        pytest.param([(0, 3), (4, 6)], [], [(0, 6)], id="everything"),
        pytest.param([], [], [], id="silence"),
        pytest.param([(0, 9)], [word(0, 9), word(4, 5)], [], id="words that overlap"),
    ],
)
def test_speech_without_words_is_found(
    speech: list[tuple[float, float]], words: list[Word], expected: list[tuple[float, float]]
) -> None:
    assert unheard(speech, words) == expected
