import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from itertools import pairwise

import pytest

from brickwork.broker.v1 import broker_pb2
from brickwork_sdk.caller import Caller
from brickwork_sdk.processes import ProcessIdentity
from brickwork_sdk.testing.broker import ScriptedBroker, scripted_broker
from brickwork_sdk.vram import MemoryRequest, VramClient, VramToken, renewal, wire
from brickwork_sdk.vram.renewal import Renewer


async def test_a_goodbye_that_was_not_heard_is_said_before_the_end() -> None:
    async with scripted_broker() as (broker, address):
        broker.held["asr-1"] = 1
        renewer = Renewer(address)
        renewer.say_goodbye(broker_pb2.ReleaseVramTokenRequest(token_id="asr-1"))
        await asyncio.to_thread(renewer.stop)
        assert broker.held == {}


@contextmanager
def broker_elsewhere() -> Iterator[tuple[ScriptedBroker, str]]:
    """Serve a scripted broker on a loop of its own, that a test cannot block."""
    loop, served = asyncio.new_event_loop(), scripted_broker()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(served.__aenter__(), loop).result(timeout=30)
        asyncio.run_coroutine_threadsafe(served.__aexit__(None, None, None), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def test_an_event_loop_that_is_blocked_for_three_lifetimes_loses_no_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lifetime_seconds = 0.5
    monkeypatch.setattr(renewal, "RENEW_EVERY_SECONDS", lifetime_seconds / 3)
    with broker_elsewhere() as (broker, address):
        client = VramClient(address, "test")
        token = await acquire(client)
        blocked_at = time.monotonic()
        heard = [(blocked_at, broker.renewal_count)]
        while time.monotonic() < blocked_at + 3 * lifetime_seconds:
            time.sleep(0.01)  # noqa: ASYNC251 - what blocks the loop is what is tested
            if broker.renewal_count > heard[-1][1]:
                heard.append((time.monotonic(), broker.renewal_count))
        gaps = [later - earlier for (earlier, _), (later, _) in pairwise(heard)]
        assert len(gaps) >= 3
        assert max(gaps) < lifetime_seconds
        assert not token.is_lost
        await client.release(token)
        assert broker.held == {}
        await client.close()


async def test_a_token_given_back_while_it_is_renewed_is_not_called_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renewal, "HURRY_SECONDS", 0.0)
    asked = threading.Event()
    async with scripted_broker() as (broker, address):
        client = VramClient(address, "test")
        token = await acquire(client)
        renewer = Renewer(address)

        def give_back_first(
            token: VramToken, users: tuple[ProcessIdentity, ...]
        ) -> broker_pb2.RenewVramTokenRequest:
            renewer.forget(token)
            asked.set()
            return wire.renewal(token, users)

        monkeypatch.setattr(renewal, "renewal", give_back_first)
        broker.is_stale = True
        renewer.keep(token)
        renewer.hurry()
        assert await asyncio.to_thread(asked.wait, 10.0)
        await asyncio.to_thread(renewer.stop)
        assert not token.is_lost
        assert "vram_token_lost" not in caplog.text
        await client.release(token)
        await client.close()


async def test_what_a_person_asks_for_arrives_whole() -> None:
    request = MemoryRequest(
        purpose="train.py",
        guaranteed_bytes=10,
        ceiling_bytes=20,
        hold_seconds=3600.0,
        give_up_after_seconds=60.0,
        is_shrinkable=True,
    )
    async with scripted_broker() as (broker, address):
        client = VramClient(address, "test")
        token = await acquire(client, request)
        (asked,) = broker.asked.values()
        assert (asked.hold.seconds, asked.give_up_after.seconds) == (3600, 60)
        assert (asked.shrinkable, asked.revocable, asked.loads) == (True, False, False)
        assert (asked.guaranteed_bytes, asked.ceiling_bytes) == (10, 20)
        assert not asked.HasField("workload")
        assert token.granted_bytes == 20
        assert not token.use.is_loading
        await client.release(token)
        await client.close()


async def acquire(client: VramClient, request: MemoryRequest | None = None) -> VramToken:
    asked = request or MemoryRequest("test", 10, 10)
    async with aclosing(client.acquire(asked, Caller())) as steps:
        async for step in steps:
            if isinstance(step, VramToken):
                return step
    raise AssertionError("the broker ended the wait without a token")
