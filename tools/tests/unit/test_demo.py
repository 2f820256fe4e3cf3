import copy
from typing import Any

import pytest

from tools.demo import missing

Result = dict[str, Any]


STAGES = (
    "ingest", "transcribe", "diarize", "read_video", "align", "translate", "summarize", "publish",
)  # fmt: skip
WHOLE: Result = {
    "segments": [{"start_ms": 0, "text": "Yes.", "translation": "Sim."}],
    "speakers": ["A", "B"],
    "slides": [{"start_ms": 0, "end_ms": 9, "text": "Plan"}],
    "summary": {"extractive": {"sentences": [{"text": "Yes."}]}, "grounded": {"written_count": 1}},
    "stages": [{"name": name, "waited_ms": 0, "ran_ms": 1} for name in STAGES],
    "missing": [],
}


def test_a_whole_result_lacks_nothing() -> None:
    assert list(missing(WHOLE)) == []


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("segments", [], "transcript"),
        ("segments", [{"start_ms": 70, "text": "Yes.", "translation": None}], "70 ms"),
        ("speakers", ["A"], "second speaker"),
        ("slides", [], "slides"),
        ("summary", None, "model wrote"),
        ("summary", {"extractive": None, "grounded": {"written_count": 1}}, "sentences"),
        ("stages", WHOLE["stages"][1:], "ingest"),
        ("missing", [{"part": "speakers", "message": "The brick is down."}], "speakers"),
    ],
)
def test_a_missing_part_is_named(key: str, value: object, named: str) -> None:
    lacking = copy.deepcopy(WHOLE) | {key: value}
    assert any(named in fault for fault in missing(lacking))
