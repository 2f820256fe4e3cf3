from datetime import UTC, datetime

import numpy as np
import pytest

from brickwork_diarize.matching import SIMILARITY_MIN, Match, best_match, name_speakers
from brickwork_diarize.voice_print import Consent, VoicePrint

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def known(name: str, *vector: float) -> VoicePrint:
    consent = Consent(given_by=name, given=NOW, purpose="a test", expires=NOW)
    return VoicePrint(
        voice_print_id=name.encode().hex().ljust(32, "0"),
        name=name,
        consent=consent,
        model="m",
        model_digest="d",
        vector=vector,
        speech_ms=9_000,
        enrolled=NOW,
    )


def at(similarity: float) -> tuple[float, float]:
    return similarity, float(np.sqrt(1 - similarity**2))


ANN, BOB = known("Ann", 1.0, 0.0), known("Bob", 0.0, 1.0)


def test_the_most_similar_voice_print_matches() -> None:
    match = best_match(at(0.95), [BOB, ANN])
    assert match is not None
    assert (match.voice_print, round(match.similarity, 3)) == (ANN, 0.95)


def test_a_voice_that_is_like_nobody_s_matches_nothing() -> None:
    assert best_match(at(SIMILARITY_MIN - 0.01), [ANN]) is None
    assert best_match(at(1.0), []) is None


def test_nobody_is_two_speakers_of_one_recording() -> None:
    found = name_speakers({"S1": at(0.9), "S2": at(0.97)}, [ANN])
    assert {speaker: match.voice_print.name for speaker, match in found.items()} == {"S2": "Ann"}


def test_each_speaker_has_the_best_of_what_is_left() -> None:
    near = known("Eve", *at(0.98))
    found = name_speakers({"S1": (1.0, 0.0), "S2": at(0.97)}, [near, ANN])
    assert {speaker: match.voice_print.name for speaker, match in found.items()} == {
        "S1": "Ann",
        "S2": "Eve",
    }


@pytest.mark.parametrize("similarity", [-1.0, 0.5, 0.8, 1.0])
def test_confidence_is_a_probability_that_rises_with_similarity(similarity: float) -> None:
    assert 0.0 <= Match(ANN, similarity).confidence <= 1.0
    assert Match(ANN, similarity - 0.1).confidence < Match(ANN, similarity).confidence
