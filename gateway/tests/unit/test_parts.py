import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_gateway.pipelines.partition import Part, estimated_tokens, filled
from brickwork_gateway.pipelines.parts import planned
from brickwork_gateway.pipelines.stage_run import PAGE_CHUNKS

Body = dict[str, Any]


class WordCount:
    """A model whose tokens are words, and whose request has three of them.

    Args:
        limit: tokens of a prompt.
        odd: by how much an estimate differs from what will be counted.
    """

    def __init__(self, limit: int, odd: float = 1.0) -> None:
        self.limit = limit
        self.asked = 0
        self._odd = odd

    def estimated(self, text: str) -> float:
        return len(text.split()) * self._odd

    async def count(self, text: str) -> float:
        self.asked += 1
        return len(text.split()) + 3


def transcript(lengths: Sequence[int]) -> list[Body]:
    return [
        {
            "index": index,
            "start_ms": index * 1_000,
            "end_ms": index * 1_000 + 900,
            "speaker": f"S{index % 3}",
            "text": " ".join([f"w{index}"] * length) + ("." if index % 4 == 0 and length else ""),
            "words": [],
            "language": "en",
        }
        for index, length in enumerate(lengths)
    ]


def plan(segments: list[Body], measure: WordCount, page: int = 7) -> list[Part]:
    async def stretches() -> AsyncIterator[list[Body]]:
        for first in range(0, len(segments), page):
            yield segments[first : first + page]

    return list(asyncio.run(planned(stretches(), measure)))


def words(segments: list[Body], part: Part) -> int:
    return sum(len(segment["text"].split()) for segment in segments[part[0] : part[1] + 1])


@settings(max_examples=150, deadline=None)
@given(
    lengths=st.lists(st.one_of(st.just(0), st.integers(1, 30), st.just(500)), max_size=60),
    limit=st.integers(8, 120),
    odd=st.floats(0.2, 3.0),
    page=st.integers(1, 40),
)
def test_every_segment_is_in_exactly_one_part_and_each_part_fits(
    lengths: list[int], limit: int, odd: float, page: int
) -> None:
    segments, measure = transcript(lengths), WordCount(limit, odd)
    parts = plan(segments, measure, page)
    covered = [index for first, last in parts for index in range(first, last + 1)]
    assert covered == list(range(len(segments)))
    assert all(words(segments, part) + 3 <= limit or part[0] == part[1] for part in parts)


def test_three_hours_are_planned_with_few_questions() -> None:
    segments = transcript([10] * 3_600)
    measure = WordCount(1_000)
    parts = plan(segments, measure, PAGE_CHUNKS)
    assert [index for first, last in parts for index in range(first, last + 1)] == [
        *range(len(segments))
    ]
    assert 36 <= len(parts) <= 45
    assert measure.asked <= 2 * len(parts)


def test_a_part_ends_with_a_sentence_where_it_can() -> None:
    sizes, ends = [10] * 6, [False, False, True, False, False, False]
    assert filled(sizes, 45, ends) == 3
    assert filled(sizes, 45, [True, *[False] * 5]) == 4
    assert filled(sizes, 60, ends) == 6
    assert filled([99, 1], 45, [False, False]) == 1


def test_an_estimate_is_rather_too_high_than_too_low() -> None:
    # What the embedded model makes of these, counted by its tokenizer.
    counted = {
        "The library in Leiden lends us the Blaeu atlas.": 12,
        "Recebemos três orçamentos, o mais barato é de oitenta e dois mil reais.": 30,
        "1,234,567 euros!": 11,
        "今日は雨です。": 12,
    }
    for text, count in counted.items():
        assert count <= estimated_tokens(text) <= 3 * count
    assert estimated_tokens("") == 0
