"""Summaries of summaries, level by level, until few sentences are left."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from brickwork_gateway.pipelines.extraction import SENTENCES_MAX, extract
from brickwork_gateway.pipelines.partition import filled

Body = dict[str, Any]
Condense = Callable[[int, int, list[Body]], Awaitable[list[Body]]]

_KEPT_MAX = 3
"""Where a model writes nothing that is supported, so many of the sentences before it stay."""


async def reduced(
    told: list[Body],
    size: Callable[[str], float],
    limit: float,
    condense: Condense,
    expect: Callable[[int], None],
) -> list[Body]:
    """Return at most `SENTENCES_MAX` sentences that stand for all.

    Every level has at most half of the sentences of the one before, so that it ends.

    Args:
        told: sentences with `text`, in order of time.
        size: how long a text is.
        limit: for what is condensed at a time, in the same unit.
        condense: makes fewer sentences of a group, given its level and its number in it.
        expect: learns how many groups a level has, before it begins.
    """
    level = 0
    while len(told) > SENTENCES_MAX:
        level += 1
        groups = _groups(told, size, limit)
        expect(len(groups))
        shorter: list[Body] = []
        for number, group in enumerate(groups):
            made = await condense(level, number, group)
            room = max(len(group) // 2, 1)
            shorter += extract(made, room) if made else extract(group, min(room, _KEPT_MAX))
        if len(shorter) == len(told):  # single sentences that fit into no prompt together
            return extract(told, SENTENCES_MAX)
        told = shorter
    return told


def _groups(told: Sequence[Body], size: Callable[[str], float], limit: float) -> list[list[Body]]:
    sizes = [size(sentence["text"]) for sentence in told]
    groups: list[list[Body]] = []
    first = 0
    while first < len(told):
        count = filled(sizes[first:], limit, [True] * (len(told) - first))
        groups.append(list(told[first : first + count]))
        first += count
    return groups
