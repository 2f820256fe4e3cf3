from pathlib import Path

import pytest

from tools.bench.diarization_error import DiarizationError, Talk, read_rttm, score

TRUTH = [Talk(0, 4_000, "ann"), Talk(3_000, 8_000, "bob")]


def test_the_same_turns_under_other_names_have_no_error() -> None:
    answer = [Talk(0, 4_000, "S2"), Talk(3_000, 8_000, "S1")]
    assert score(TRUTH, answer, 10_000) == DiarizationError(9_000, 0, 0, 0)


def test_misses_inventions_and_confusions_are_counted_apart() -> None:
    answer = [Talk(0, 3_000, "S1"), Talk(3_000, 7_000, "S2"), Talk(7_000, 10_000, "S1")]
    error = score(TRUTH, answer, 10_000)
    assert error == DiarizationError(
        speech_ms=9_000, missed_ms=1_000, invented_ms=2_000, confused_ms=1_000
    )
    assert error.rate == pytest.approx(4 / 9)


def test_no_answer_misses_everything() -> None:
    assert score(TRUTH, [], 10_000).rate == 1.0


def test_rttm_names_recordings_and_speakers(tmp_path: Path) -> None:
    path = tmp_path / "known.rttm"
    path.write_text("SPEAKER talk 1 0.5 1.25 <NA> <NA> ann <NA> <NA>\n")
    assert read_rttm(path) == {"talk": [Talk(500, 1_750, "ann")]}
