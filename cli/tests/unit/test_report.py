"""A result as people read it."""

from typing import Any

from brickwork_cli.report import clock_time, result_lines

RESULT: dict[str, Any] = {
    "segments": [
        {"start_ms": 0, "end_ms": 900, "speaker": "S1", "text": "Yes.", "translation": "Sim."},
        {"start_ms": 61_000, "end_ms": 62_000, "speaker": None, "text": "No.", "translation": None},
    ],
    "speakers": ["S1"],
    "slides": [{"start_ms": 0, "end_ms": 5000, "text": "Budget\n2026"}],
    "summary": {
        "extractive": {
            "label": "Sentences",
            "sentences": [{"text": "Yes.", "segments": [{"index": 0, "start_ms": 0}]}],
        },
        "grounded": {
            "label": "Written",
            "sentences": [
                {
                    "text": "They agree.",
                    "segments": [{"index": 0, "start_ms": 0}, {"index": 1, "start_ms": 61_000}],
                }
            ],
            "note": "1 of 2 sentences was left out.",
        },
    },
    "language": "en",
    "missing": [{"part": "draft", "reason": "BRICK_UNREACHABLE", "message": "llm is down."}],
}


def test_every_part_is_printed() -> None:
    text = "\n".join(result_lines(RESULT))
    for part in (
        "[00:00.0 – 00:00.9]  S1: Yes.",
        "[01:01.0 – 01:02.0]  ?: No.",
        "S1: Sim.",
        "(not translated)",
        "Budget / 2026",
        "SUMMARY: Sentences\nYes. [00:00.0]",
        "SUMMARY: Written\nThey agree. [00:00.0] [01:01.0]\n1 of 2 sentences was left out.",
        "MISSING draft: llm is down. [BRICK_UNREACHABLE]",
    ):
        assert part in text


def test_parts_that_nobody_asked_for_have_no_heading() -> None:
    bare = {**RESULT, "slides": [], "summary": None, "missing": []}
    bare["segments"] = [{**RESULT["segments"][0], "translation": None}]
    text = "\n".join(result_lines(bare))
    assert "TRANSLATION" not in text
    assert "SLIDES" not in text
    assert "SUMMARY" not in text


def test_an_offset_shows_its_hour_only_when_it_has_one() -> None:
    assert [clock_time(ms) for ms in (0, 59_999, 3_600_000)] == ["00:00.0", "00:59.9", "1:00:00.0"]
