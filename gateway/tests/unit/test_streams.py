import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.ledger.transitions import cancel, send
from brickwork_gateway.streams import HEARTBEAT_POLLS, event_stream

Make = Callable[..., Job]


@pytest.fixture
def ledger(tmp_path: Path, make_job: Make) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.sqlite3")
    opened.add(make_job())
    yield opened
    opened.close()


async def never(seconds: float) -> None:
    raise AssertionError("The stream should have ended by now.")


def numbers(frames: list[str]) -> list[int]:
    return [int(frame.splitlines()[0].removeprefix("id: ")) for frame in frames]


async def test_a_finished_job_is_told_from_its_beginning_to_its_end(ledger: SqliteLedger) -> None:
    ledger.change("a", cancel)
    frames = [frame async for frame in event_stream(ledger, "a", 0, never)]
    assert numbers(frames) == list(range(1, len(frames) + 1))
    assert frames[0].startswith("id: 1\nevent: job\ndata: {")
    assert json.loads(frames[-1].splitlines()[2].removeprefix("data: "))["state"] == "cancelled"


async def test_of_a_long_job_that_is_over_every_segment_is_told(ledger: SqliteLedger) -> None:
    segments = [
        Chunk(StageName.TRANSCRIBE, f"{number:04d}", {"start_ms": number}) for number in range(1200)
    ]
    ledger.keep("a", segments, lambda job, _: cancel(job))
    frames = [frame async for frame in event_stream(ledger, "a", 0, never)]
    assert numbers(frames) == list(range(1, len(frames) + 1))
    assert sum("event: segment\n" in frame for frame in frames) == len(segments)
    assert '"state": "cancelled"' in frames[-1]


async def test_a_reader_who_comes_back_misses_nothing_and_sees_nothing_twice(
    ledger: SqliteLedger,
) -> None:
    ledger.change("a", cancel)
    everything = [frame async for frame in event_stream(ledger, "a", 0, never)]
    for seen in range(len(everything) + 1):
        again = [frame async for frame in event_stream(ledger, "a", seen, never)]
        assert again == everything[seen:]


async def test_events_are_told_as_they_happen(ledger: SqliteLedger) -> None:
    steps: Iterator[Callable[[Job], Job]] = iter(
        [partial(send, name=StageName.TRANSCRIBE, version=0), cancel]
    )

    async def next_step(seconds: float) -> None:
        ledger.change("a", next(steps))

    frames = [frame async for frame in event_stream(ledger, "a", 0, next_step)]
    assert any('"transcribe", "state": "sent"' in frame for frame in frames)
    assert '"state": "cancelled"' in frames[-1]


async def test_a_quiet_line_is_kept_alive(ledger: SqliteLedger) -> None:
    polls = 0

    async def count(seconds: float) -> None:
        nonlocal polls
        polls += 1
        if polls == 2 * HEARTBEAT_POLLS:
            ledger.change("a", cancel)

    frames = [frame async for frame in event_stream(ledger, "a", 0, count)]
    assert frames.count(": still here\n\n") == 2
