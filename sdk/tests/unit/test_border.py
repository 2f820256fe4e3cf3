"""What the border makes of calls that no stub of ours would send."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from prometheus_client import REGISTRY

from brickwork_sdk import interceptors
from brickwork_sdk.channels import MESSAGE_BYTES_MAX, OPTIONS, rpc_errors
from brickwork_sdk.errors import BrickworkError, DeadlineExceeded, InvalidInput, Reason
from brickwork_sdk.interceptors import BorderInterceptor, RunningCalls
from brickwork_sdk.server import RECEIVED_BYTES_MAX, running

TAKE_ONE = ("UnaryUnary", "UnaryStream")
EVERY_KIND = (*TAKE_ONE, "StreamUnary", "StreamStream")
SECONDS = 30.0


class Echo:
    """Has an RPC of each kind that answers what it was sent, and counts the messages."""

    def __init__(self) -> None:
        self.message_count = 0

    async def _one(self, request: bytes, context: Any) -> bytes:
        self.message_count += 1
        return request

    async def _one_streamed(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield await self._one(request, context)

    async def _joined(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"".join([await self._one(request, context) async for request in requests])

    async def _each(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield await self._one(request, context)

    def register(self, server: grpc.aio.Server) -> None:
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "UnaryUnary": grpc.unary_unary_rpc_method_handler(self._one),
            "UnaryStream": grpc.unary_stream_rpc_method_handler(self._one_streamed),
            "StreamUnary": grpc.stream_unary_rpc_method_handler(self._joined),
            "StreamStream": grpc.stream_stream_rpc_method_handler(self._each),
        }
        handler = grpc.method_handlers_generic_handler("test.Echo", methods)
        server.add_generic_rpc_handlers((handler,))


def calling(channel: grpc.aio.Channel, rpc: str) -> Any:
    """An RPC as it is on the wire, where each is a stream both ways."""
    return channel.stream_stream(f"/test.Echo/{rpc}")


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def address(echo: Echo, tmp_path: Path) -> AsyncIterator[str]:
    address = f"unix:{tmp_path}/s"
    async with running([], echo.register, service="echo", address=address, drain_seconds=1.0):
        yield address


@pytest.fixture
async def channel(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """Without the bounds of ours."""
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel


async def ask(channel: grpc.aio.Channel, rpc: str, messages: Sequence[bytes]) -> list[bytes]:
    with rpc_errors("echo"):
        answers = calling(channel, rpc)(iter(messages), timeout=SECONDS)
        return [answer async for answer in answers]


@pytest.mark.parametrize("rpc", TAKE_ONE)
async def test_a_call_without_its_message_is_refused(
    echo: Echo, channel: grpc.aio.Channel, rpc: str
) -> None:
    with pytest.raises(InvalidInput, match="without a message") as caught:
        await ask(channel, rpc, [])
    assert (caught.value.reason, caught.value.domain) == (Reason.ARGUMENT_INVALID, "echo.brickwork")
    assert echo.message_count == 0
    assert await ask(channel, rpc, [b"one"]) == [b"one"]


@pytest.mark.parametrize("rpc", TAKE_ONE)
async def test_what_follows_the_one_message_is_never_read(
    echo: Echo, channel: grpc.aio.Channel, rpc: str
) -> None:
    assert await ask(channel, rpc, [b"one", b"two"]) == [b"one"]
    assert echo.message_count == 1


@pytest.mark.parametrize("rpc", TAKE_ONE)
async def test_a_message_is_not_waited_for_without_end(
    channel: grpc.aio.Channel, rpc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interceptors, "REQUEST_SECONDS_MAX", 0.01)
    call = calling(channel, rpc)()  # Without a deadline, and it never says that it has ended.
    with pytest.raises(DeadlineExceeded) as caught, rpc_errors("echo"):
        await call.read()
    assert caught.value.reason is Reason.STREAM_SILENT


class Watched(RunningCalls):
    """Tells when a call was entered and when it was left."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.left = asyncio.Event(), asyncio.Event()

    def enter(self) -> asyncio.Task[Any]:
        self.entered.set()
        return super().enter()

    def leave(self, task: asyncio.Task[Any]) -> None:
        super().leave(task)
        self.left.set()


def ended(rpc: str, code: str) -> float:
    labels = {"rpc": f"/test.Echo/{rpc}", "code": code}
    return REGISTRY.get_sample_value("brickwork_rpc_total", labels) or 0.0


@pytest.mark.parametrize("rpc", TAKE_ONE)
async def test_a_caller_that_leaves_before_its_message_is_not_counted_as_refused(
    echo: Echo, tmp_path: Path, rpc: str
) -> None:
    calls, address = Watched(), f"unix:{tmp_path}/s"
    server = grpc.aio.server(interceptors=[BorderInterceptor("echo", calls)])
    echo.register(server)
    server.add_insecure_port(address)
    await server.start()
    left, refused = ended(rpc, "CANCELLED"), ended(rpc, "INVALID_ARGUMENT")
    async with grpc.aio.insecure_channel(address) as channel, asyncio.timeout(SECONDS):
        call = calling(channel, rpc)()
        await calls.entered.wait()
        call.cancel()
        await calls.left.wait()
        await server.stop(None)  # Once the call has been counted.
    assert (ended(rpc, "CANCELLED") - left, ended(rpc, "INVALID_ARGUMENT") - refused) == (1, 0)


@pytest.mark.parametrize("rpc", EVERY_KIND)
async def test_a_message_beyond_the_limit_is_refused_with_the_limit(
    echo: Echo, channel: grpc.aio.Channel, rpc: str
) -> None:
    for size_bytes in (MESSAGE_BYTES_MAX + 1, RECEIVED_BYTES_MAX):
        with pytest.raises(InvalidInput) as caught:
            await ask(channel, rpc, [bytes(size_bytes)])
        assert caught.value.reason is Reason.ARGUMENT_INVALID
        assert caught.value.metadata["field"] == "message_bytes"
        assert caught.value.metadata["most"] == str(MESSAGE_BYTES_MAX)
    assert echo.message_count == 0


async def test_what_grpc_refuses_by_its_length_has_a_reason_for_our_clients(
    address: str, channel: grpc.aio.Channel
) -> None:
    async with grpc.aio.insecure_channel(address, options=OPTIONS) as bounded:
        for asked, size_bytes in (
            (channel, RECEIVED_BYTES_MAX + 1),
            (bounded, MESSAGE_BYTES_MAX + 1),
        ):
            with pytest.raises(BrickworkError, match="larger than") as caught:
                await ask(asked, "UnaryUnary", [bytes(size_bytes)])
            assert isinstance(caught.value, InvalidInput)
            assert caught.value.reason is Reason.ARGUMENT_INVALID
            assert caught.value.metadata == {"field": "message_bytes"}
