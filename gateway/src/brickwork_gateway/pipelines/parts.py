"""Which segments go into which prompt: each into exactly one."""

from collections.abc import AsyncIterable, Sequence
from typing import Any, Protocol

from brickwork_gateway.pipelines.partition import Part, filled
from brickwork_gateway.pipelines.prompts import laid_out
from brickwork_gateway.pipelines.sentences import closes_sentence, sentences

_SHRINK = 0.95
"""A part that is too long by count is cut to a bit less than its share, so that once is enough."""

Body = dict[str, Any]


class Measure(Protocol):
    """How long texts are, in tokens of some model."""

    limit: int

    def estimated(self, text: str) -> float:
        """Guess without asking."""

    async def count(self, text: str) -> float:
        """Return the length of the prompt for a text."""


async def planned(stretches: AsyncIterable[Sequence[Body]], measure: Measure) -> list[Part]:
    """Put segments together to parts, each of which fits into one prompt.

    The parts follow each other without gap or overlap. A segment that fits into no prompt is a part
    of its own. No more than a part and a stretch is in memory at a time.

    Args:
        stretches: all segments in order, each with its number as `index`, from 0.
        measure: tells how long they are.
    """
    parts: list[Part] = []
    waiting: list[Body] = []
    async for stretch in stretches:
        waiting += stretch
        while _estimated(waiting, measure) > measure.limit and len(waiting) > 1:
            waiting = await _take(waiting, measure, parts)
    while waiting:
        waiting = await _take(waiting, measure, parts)
    return parts


async def _take(waiting: list[Body], measure: Measure, parts: list[Part]) -> list[Body]:
    """Add the next part, and return what is left."""
    ends = [closes_sentence(segment) for segment in waiting]
    room = float(measure.limit)
    count = filled(_sizes(waiting, measure), room, ends)
    while count > 1:
        tokens = await measure.count(laid_out(sentences(waiting[:count])))
        if tokens <= measure.limit:
            break
        room *= _SHRINK * measure.limit / tokens
        count = min(filled(_sizes(waiting, measure), room, ends), count - 1)
    parts.append(Part(waiting[0]["index"], waiting[count - 1]["index"]))
    return waiting[count:]


def _estimated(waiting: Sequence[Body], measure: Measure) -> float:
    return sum(_sizes(waiting, measure))


def _sizes(waiting: Sequence[Body], measure: Measure) -> list[float]:
    return [measure.estimated(segment["text"]) for segment in waiting]
