"""A job's events as server-sent events, told from the ledger.

Source: WHATWG HTML, section 9.2 (server-sent events).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from brickwork_gateway.ledger.event import Event
from brickwork_gateway.ledger.job import JobState
from brickwork_gateway.ledger.port import Ledger

POLL_SECONDS = 0.25
"""How often the ledger is asked; a person takes less for immediate."""
HEARTBEAT_POLLS = 40
"""Polls without news until a comment is sent, so that nobody takes silence for a broken line."""


async def event_stream(
    ledger: Ledger,
    job_id: str,
    after: int,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[str]:
    """Yield the events of a job beyond `after`, until the job is over and all are told.

    The ledger numbers the events, so that a reader who comes back with the last
    number it saw misses nothing, even when the gateway was restarted in between.
    """
    silent_polls, seen = 0, None
    while True:
        mark, events = ledger.change_mark(), []
        if mark != seen:
            # The state first: events that end a job are kept together with its state.
            job = await asyncio.to_thread(ledger.get, job_id)
            events = await asyncio.to_thread(ledger.events, job_id, after)
            seen = mark
        for event in events:
            yield frame(event)
            after = event.sequence
        if events:
            silent_polls, seen = 0, None  # The ledger gives a page at a time, so read on.
            continue
        if job.state is not JobState.RUNNING:
            return
        silent_polls += 1
        if silent_polls % HEARTBEAT_POLLS == 0:
            yield ": still here\n\n"
        await pause(POLL_SECONDS)


def frame(event: Event) -> str:
    """Render one event; JSON has no line breaks, so that its data is one line."""
    data = json.dumps(event.body, ensure_ascii=False)
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n"
