"""Puts clips together whose texts are written at once."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from brickwork_asr.clips import Clip

CLIPS_MAX = 4
"""More at once write little faster, and hold the processor longer without giving way."""


def in_batches(
    clips: Iterable[Clip], first: int, clips_max: Callable[[], int]
) -> Iterator[list[Clip]]:
    """Yield clips in order, few at `first`, so that their text need not wait for others.

    Args:
        clips: to put together; each is cut when its batch is asked for.
        first: how many come in the first batch.
        clips_max: tells how many may come in the next one, 1 to `CLIPS_MAX`.
    """
    waiting = iter(clips)
    size = min(first, clips_max())
    while batch := list(islice(waiting, size)):
        yield batch
        size = clips_max()
