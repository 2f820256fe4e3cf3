"""Following the language of a recording: it changes where that is clear, and only there."""

import pytest

from brickwork_asr.engine import Language
from brickwork_asr.spoken_language import CLEAR_MIN, SPEECH_SECONDS_MIN, SpokenLanguage

CLEAR, UNCLEAR, GUESS = CLEAR_MIN, CLEAR_MIN - 0.1, CLEAR_MIN - 0.3
LONG, SHORT = SPEECH_SECONDS_MIN, SPEECH_SECONDS_MIN - 0.1


@pytest.mark.parametrize(
    ("heard", "followed"),
    [
        pytest.param([("en", CLEAR, LONG), ("pt", CLEAR, LONG)], "en pt", id="a clear change"),
        pytest.param([("en", CLEAR, LONG), ("pt", UNCLEAR, LONG)], "en en", id="an unclear one"),
        pytest.param([("en", CLEAR, LONG), ("pt", CLEAR, SHORT)], "en en", id="too little speech"),
        pytest.param(
            [("cy", GUESS, LONG), ("en", UNCLEAR, LONG)], "cy en", id="surer than a guess"
        ),
        pytest.param([("en", UNCLEAR, LONG), ("cy", GUESS, LONG)], "en en", id="a worse guess"),
        pytest.param([("cy", CLEAR, SHORT), ("en", GUESS, LONG)], "cy en", id="a short beginning"),
        pytest.param(
            [("en", CLEAR, LONG), ("pt", UNCLEAR, LONG), ("en", UNCLEAR, LONG)] * 3,
            "en en en en en en en en en",
            id="no flapping",
        ),
        pytest.param(
            [("en", CLEAR, LONG), ("pt", CLEAR, LONG), ("en", UNCLEAR, LONG), ("en", CLEAR, LONG)],
            "en pt pt en",
            id="there and back",
        ),
    ],
)
def test_a_language_holds_until_another_is_clear(
    heard: list[tuple[str, float, float]], followed: str
) -> None:
    spoken = SpokenLanguage()
    found = [spoken.follow(Language(code, one), seconds) for code, one, seconds in heard]
    assert " ".join(found) == followed
