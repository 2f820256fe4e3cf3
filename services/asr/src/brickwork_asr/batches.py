"""Puts clips together whose texts are written at once."""

from collections.abc import Iterable, Iterator
from itertools import islice

from brickwork_asr.clips import Clip

CLIPS_MAX = 4
"""More at once write little faster, and hold the processor longer without giving way."""


def in_batches(clips: Iterable[Clip], first: int) -> Iterator[list[Clip]]:
    """Yield clips in order, few at `first`, so that their text need not wait for others."""
    waiting = iter(clips)
    size = first
    while batch := list(islice(waiting, size)):
        yield batch
        size = CLIPS_MAX
