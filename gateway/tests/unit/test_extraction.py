from typing import Any

from brickwork_gateway.pipelines.extraction import BLOCK_SENTENCES, Extraction

TALK = [
    "Well, good morning to all of you.",
    "The new bridge over the river will be opened in spring.",
    "Um, can somebody close the window there please?",
    "The bridge over the river costs twelve million more than planned.",
    "The new bridge over the river will be opened in spring.",
    "Paying for the bridge means that the school roof must wait a year.",
    "Anyway, that was that.",
    "So let us have lunch now, I am hungry.",
]


def said(texts: list[str], each_ms: int = 5_000) -> list[dict[str, Any]]:
    return [
        {"start_ms": each_ms * place, "end_ms": each_ms * (place + 1), "text": text}
        for place, text in enumerate(texts)
    ]


def picked(sentences: list[dict[str, Any]]) -> list[str]:
    extraction = Extraction()
    extraction.add(sentences)
    return [sentence["text"] for sentence in extraction.picked()]


def test_the_summary_takes_what_the_talk_is_about_once_and_in_order() -> None:
    assert picked(said(TALK)) == [TALK[1], TALK[3], TALK[5]]


def test_a_long_talk_gets_a_longer_summary_but_not_an_endless_one() -> None:
    def count(minutes: int) -> int:
        points = [f"Point {n} is about subject number {n * 7} today." for n in range(minutes)]
        return len(picked(said(points, 60_000)))

    assert [count(1), count(6), count(200)] == [1, 6, 12]


def test_silence_and_small_talk_have_summaries_too() -> None:
    assert picked([]) == []
    assert picked(said(["Yes!", "No!"])) == ["Yes!", "No!"]


def test_of_a_talk_of_many_blocks_every_block_may_be_told() -> None:
    extraction, subjects = Extraction(), ("bridges", "schools", "gardens")
    for subject in subjects:
        extraction.add(said([f"About {subject} we say point {n}." for n in range(BLOCK_SENTENCES)]))
    texts = [sentence["text"] for sentence in extraction.picked()]
    assert len(texts) == 12
    assert all(any(subject in text for text in texts) for subject in subjects)
