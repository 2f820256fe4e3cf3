"""Several servers behind one address: calls are shared, and none fails when one of them leaves."""

# A servicer here leaves out the RPCs that no test calls.
# mypy: disable-error-code="abstract"

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_sdk import channels, server
from brickwork_sdk.channels import open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError, Busy, Reason
from brickwork_sdk.testing.names import name_server

CALLER_COUNT = 8


class Replica(llm_pb2_grpc.LlmServiceServicer):
    """Says its name; a call that says "wait" gets a second answer once `let_go` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_full = False
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()

    async def GenerateText(
        self, request: llm_pb2.GenerateTextRequest, context: Any
    ) -> AsyncIterator[llm_pb2.GenerateTextResponse]:
        if self.is_full:
            raise Busy(Reason.ENGINE_STOPPED, "Not here.")
        name = llm_pb2.GenerateTextResponse(delta=llm_pb2.TextDelta(text=self.name))
        yield name
        if request.messages:
            self.begun.set()
            await self.let_go.wait()
            yield name

    def at(self, address: str) -> AbstractAsyncContextManager[None]:
        """Serve at an address while the context lasts, and leave it as a process does."""
        return server.running(
            [],
            lambda grpc_server: llm_pb2_grpc.add_LlmServiceServicer_to_server(self, grpc_server),
            service="llm",
            address=address,
            drain_seconds=5.0,
            notice_seconds=0.2,
        )


async def ask(channel: grpc.aio.Channel, *words: str) -> list[str]:
    messages = [llm_pb2.ChatMessage(text=word) for word in words]
    call = llm_pb2_grpc.LlmServiceStub(channel).GenerateText(
        llm_pb2.GenerateTextRequest(messages=messages), timeout=30
    )
    try:
        with rpc_errors("llm"):
            return [answer.delta.text async for answer in call]
    finally:
        call.cancel()


class Callers:
    """Short calls over one channel, one after the other and several side by side."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.answered: Counter[str] = Counter()
        self.failures: list[BrickworkError] = []
        self._channel = channel
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Callers":
        self._tasks = [asyncio.create_task(self._call()) for _ in range(CALLER_COUNT)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def answers_of(self, *names: str) -> None:
        """Return once each of these has answered from now on."""
        self.answered.clear()
        async with asyncio.timeout(30):
            while not all(self.answered[name] for name in names):
                self._changed.clear()
                await self._changed.wait()

    async def _call(self) -> None:
        while True:
            try:
                self.answered[(await ask(self._channel))[0]] += 1
            except BrickworkError as error:
                self.failures.append(error)
            self._changed.set()


def sockets(folder: Path) -> tuple[str, str]:
    return f"unix:{folder}/a", f"unix:{folder}/b"


async def test_the_calls_of_one_channel_are_shared_evenly(tmp_path: Path) -> None:
    first, second = sockets(tmp_path)
    async with (
        Replica("a").at(first),
        Replica("b").at(second),
        open_channel(f"{first},{second}") as channel,
    ):
        async with Callers(channel) as callers:
            await callers.answers_of("a", "b")
        answered = Counter([(await ask(channel))[0] for _ in range(20)])
    assert answered == {"a": 10, "b": 10}


async def test_a_refused_call_is_taken_by_another_replica(tmp_path: Path) -> None:
    first, second = sockets(tmp_path)
    full = Replica("a")
    async with (
        full.at(first),
        Replica("b").at(second),
        open_channel(f"{first},{second}") as channel,
    ):
        async with Callers(channel) as callers:
            await callers.answers_of("a", "b")
        full.is_full = True
        assert [await ask(channel) for _ in range(4)] == [["b"]] * 4


async def test_no_call_fails_while_a_replica_leaves_and_comes_back(tmp_path: Path) -> None:
    first, second = sockets(tmp_path)
    leaving = Replica("a")
    async with (
        Replica("b").at(second),
        open_channel(first) as to_first,
        open_channel(f"{first},{second}") as channel,
        Callers(channel) as callers,
    ):
        async with leaving.at(first):
            long_call = asyncio.create_task(ask(to_first, "wait"))
            await leaving.begun.wait()
            await callers.answers_of("a", "b")
            asyncio.get_running_loop().call_later(0.5, leaving.let_go.set)
        assert await long_call == ["a", "a"]
        await callers.answers_of("b")
        assert callers.answered["a"] == 0
        async with Replica("a again").at(first):
            await callers.answers_of("a again", "b")
        assert callers.failures == []


async def test_a_replica_that_dns_names_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTION_SECONDS_MAX", 0.5)
    first, second = "127.0.0.1", "127.0.0.2"
    with socket.create_server((first, 0)) as probe:
        port = probe.getsockname()[1]
    async with name_server([first]) as (names, names_port):
        ours = f"dns://127.0.0.1:{names_port}/asr.test:{port}"
        monkeypatch.setattr(channels, "target_of", lambda _: ours)
        async with (
            Replica("a").at(f"{first}:{port}"),
            Replica("b").at(f"{second}:{port}"),
            open_channel(f"asr.test:{port}") as channel,
            Callers(channel) as callers,
        ):
            await callers.answers_of("a")
            assert callers.answered["b"] == 0
            names.hosts = [first, second]
            await callers.answers_of("a", "b")
            assert callers.failures == []
