import asyncio

import pytest

from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason
from brickwork_translate import live_inbox
from brickwork_translate.live_inbox import WAITING_MAX, LiveInbox, LiveItem


def item(index: int, name: str) -> LiveItem:
    return LiveItem(index, name, f"text {index}")


async def test_the_latest_under_a_name_wins_at_the_place_of_the_first() -> None:
    inbox = LiveInbox()
    for index, name in enumerate("abab"):
        await inbox.put(item(index, name))
    assert await inbox.take(8) == [item(2, "a"), item(3, "b")]


async def test_a_name_that_was_taken_comes_again() -> None:
    inbox = LiveInbox()
    await inbox.put(item(0, "a"))
    assert await inbox.take(1) == [item(0, "a")]
    await inbox.put(item(1, "a"))
    assert await inbox.take(1) == [item(1, "a")]


async def test_what_has_no_room_waits_until_something_is_taken() -> None:
    inbox = LiveInbox()
    for index in range(WAITING_MAX):
        await inbox.put(item(index, str(index)))
    await inbox.put(item(99, "7"))  # A name that waits needs no further room.
    late = asyncio.create_task(inbox.put(item(100, "late")))
    await asyncio.sleep(0)
    assert not late.done()
    assert len(await inbox.take(8)) == 8
    await late
    assert (await inbox.take(WAITING_MAX))[-1] == item(100, "late")


async def test_the_end_comes_after_all_that_came_before_it() -> None:
    inbox = LiveInbox()
    await inbox.put(item(0, "a"))
    await inbox.end()
    assert await inbox.take(8) == [item(0, "a")]
    assert await inbox.take(8) == []


async def test_a_bad_end_is_told_once_the_good_texts_are_taken() -> None:
    inbox = LiveInbox()
    await inbox.put(item(0, "a"))
    await inbox.end(InvalidInput(Reason.STREAM_ORDER_INVALID, "No."))
    assert await inbox.take(8) == [item(0, "a")]
    with pytest.raises(BrickworkError, match="No"):
        await inbox.take(8)


async def test_silence_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_inbox, "SILENCE_SECONDS_MAX", 0.0)
    with pytest.raises(BrickworkError) as caught:
        await LiveInbox().take(8)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
