"""The arithmetic of the speech rows, and the words that they stand on."""

from pathlib import Path

import pytest

from brickwork_sdk.media.probe import probe
from tools.bench.listener import Heard, Listener
from tools.bench.row import at_least
from tools.bench.speech import READINGS, by_turns, speed_row, word_rows
from tools.quality import Clip, committed_clips
from tools.scores import plain_words


class Scripted(Listener):
    """Answers at once, and notes when."""

    def __init__(self, way: str, order: list[str]) -> None:
        self.way, self.threads, self._order = way, 1, order

    def hear(self, path: Path) -> Heard:
        self._order.append(self.way)
        return Heard(2.0 if self.way == "ours" else 3.0, path.stem)


def test_each_side_begins_in_its_turn() -> None:
    order: list[str] = []
    sides = [Scripted(way, order) for way in ("ours", "batched", "default")]
    heard = [by_turns(sides, Path("a.ogg"), turn) for turn in range(3)]
    assert order[::3] == ["ours", "batched", "default"]
    assert {each["ours"].seconds for each in heard} == {2.0}
    assert {each["default"].seconds for each in heard} == {3.0}


def test_speed_is_the_median_of_their_time_over_ours() -> None:
    ours, theirs = (Scripted(way, []) for way in ("ours", "batched"))
    times = [(1.0, 1.0), (2.0, 3.0), (1.0, 5.0)]
    heard = [{"ours": Heard(own, ""), "batched": Heard(other, "")} for own, other in times]
    row = speed_row(ours, theirs, at_least(0.95), heard)
    assert (row.value, row.holds) == (1.5, True)
    assert "9.0 s of theirs and 4.0 s of ours" in row.conditions


@pytest.mark.parametrize(("heard", "points", "holds"), [("a b c d", 0.0, True), ("a b", 50, False)])
def test_words_are_compared_with_the_truth(
    tmp_path: Path, heard: str, points: float, holds: bool
) -> None:
    (tmp_path / "one.txt").write_text("a b c d")
    piece = Clip(tmp_path / "one.ogg", "synthetic", "en")
    ours, theirs, less = word_rows([piece], [(Heard(1, heard), Heard(1, "A, b, c, d!"))])
    assert (ours.value, theirs.value) == (points, 0.0)
    assert (less.value, less.holds) == (points, holds)


def test_the_readings_and_the_clips_have_three_thousand_words_and_more() -> None:
    clips = [clip.path for clip in committed_clips() if clip.language == "en"]
    readings = sorted(READINGS.glob("*.ogg"))
    texts = [path.with_suffix(".txt").read_text("utf-8") for path in (*readings, *clips)]
    assert len(readings) == 5
    assert sum(len(plain_words(text).split()) for text in texts) >= 3_000


@pytest.mark.parametrize("number", range(1, 6))
def test_a_reading_lasts_as_long_as_its_text_takes(number: int) -> None:
    path = READINGS / f"alice-{number}.ogg"
    words = len(path.with_suffix(".txt").read_text("utf-8").split())
    assert 2.5 < words / (probe(path).duration_ms / 1000) < 4.5
