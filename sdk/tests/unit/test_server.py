# A servicer here leaves out the RPCs that no test calls.
# mypy: disable-error-code="abstract"

import asyncio
import socket
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_sdk.addresses import reserved
from brickwork_sdk.caller import Caller, WorkClass, current_caller
from brickwork_sdk.channels import MESSAGE_BYTES_MAX, open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError, Busy, InvalidInput, Reason
from brickwork_sdk.server import running
from brickwork_sdk.testing.server import served

NAME = "brickwork.llm.v1.LlmService"
GENERATE = f"/{NAME}/GenerateText"


class Llm(llm_pb2_grpc.LlmServiceServicer):
    """Does what the text of the message asks for."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []
        self.attempts = 0
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def GenerateText(
        self, request: llm_pb2.GenerateTextRequest, context: Any
    ) -> AsyncIterator[llm_pb2.GenerateTextResponse]:
        self.callers.append(current_caller.get())
        self.attempts += 1
        wish = request.messages[0].text if request.messages else ""
        if wish == "refuse":
            raise InvalidInput(
                Reason.CONTEXT_EXCEEDED, "Too long.", metadata={"prompt": "9", "limit": "8"}
            )
        if wish == "busy twice" and self.attempts <= 2:
            raise Busy(Reason.ENGINE_STOPPED, "Soon.", retry_after_seconds=0.5)
        if wish == "fail":
            raise ZeroDivisionError("a bug")
        yield llm_pb2.GenerateTextResponse(delta=llm_pb2.TextDelta(text="one"))
        if wish == "fail later":
            raise InvalidInput(Reason.MESSAGES_INVALID, "Halfway.")
        if wish == "wait":
            self.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.ended.set()

    def register(self, server: grpc.aio.Server) -> None:
        llm_pb2_grpc.add_LlmServiceServicer_to_server(self, server)


def asking(text: str) -> llm_pb2.GenerateTextRequest:
    return llm_pb2.GenerateTextRequest(messages=[llm_pb2.ChatMessage(text=text)])


async def ask(channel: grpc.aio.Channel, text: str) -> list[str]:
    stub = llm_pb2_grpc.LlmServiceStub(channel)
    call = stub.GenerateText(asking(text), timeout=30)
    try:
        with rpc_errors("llm"):
            return [answer.delta.text async for answer in call]
    finally:
        # A task that is cancelled between two reads does not end its call by itself.
        call.cancel()


async def drain(call: AsyncIterable[Any]) -> None:
    with rpc_errors("llm"):
        async for _ in call:
            pass


async def test_an_error_crosses_the_border_whole() -> None:
    async with served(Llm().register, service="llm") as channel:
        with pytest.raises(InvalidInput) as caught:
            await ask(channel, "refuse")
    error = caught.value
    assert (error.reason, error.message) == (Reason.CONTEXT_EXCEEDED, "Too long.")
    assert error.metadata == {"prompt": "9", "limit": "8"}
    assert error.domain == "llm.brickwork"


async def test_an_error_after_the_first_answer_crosses_too() -> None:
    async with served(Llm().register) as channel:
        with pytest.raises(InvalidInput, match="Halfway"):
            await ask(channel, "fail later")


async def test_a_bug_is_told_without_its_details_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served(Llm().register) as channel:
        with pytest.raises(BrickworkError) as caught:
            await ask(channel, "fail")
    assert caught.value.reason is Reason.UNEXPECTED
    assert "bug" not in caught.value.message
    traces = [record for record in caplog.records if record.exc_info]
    assert len(traces) == 1
    assert "ZeroDivisionError" in (traces[0].exc_text or "")


async def test_unavailable_before_the_first_answer_is_tried_again() -> None:
    llm = Llm()
    async with served(llm.register) as channel:
        assert await ask(channel, "busy twice") == ["one"]
    assert llm.attempts == 3


async def test_the_caller_travels_with_the_call() -> None:
    llm, caller = Llm(), Caller(WorkClass.INTERACTIVE, "press-office", "job-7")
    async with served(llm.register, caller=caller) as channel:
        await ask(channel, "")
    assert llm.callers == [caller]
    assert current_caller.get() == Caller()


async def test_metadata_out_of_form_is_refused() -> None:
    async with served(Llm().register) as channel:
        stub = llm_pb2_grpc.LlmServiceStub(channel)
        metadata = (("brickwork-tenant", "a" * 65),)
        call = stub.GenerateText(asking(""), metadata=metadata, timeout=30)
        with pytest.raises(BrickworkError) as caught:
            await drain(call)
    assert caught.value.reason is Reason.ARGUMENT_INVALID


@pytest.mark.parametrize(
    "content", [b"\xff\xff\xff", asking("aa").SerializeToString().replace(b"aa", b"\xc3\x28")]
)
async def test_what_is_no_message_is_refused_clearly(content: bytes) -> None:
    async with served(Llm().register) as channel:
        send: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(GENERATE)
        call = send(content, timeout=30)
        with pytest.raises(BrickworkError) as caught:
            await drain(call)
    assert caught.value.reason is Reason.ARGUMENT_INVALID


async def test_a_message_beyond_the_limit_is_refused_clearly() -> None:
    async with served(Llm().register) as channel:
        with pytest.raises(InvalidInput, match="larger than max") as caught:
            await ask(channel, "a" * (MESSAGE_BYTES_MAX + 1))
    assert caught.value.reason is Reason.ARGUMENT_INVALID


async def test_nobody_at_the_address_is_unreachable(tmp_path: Path) -> None:
    async with open_channel(f"unix:{tmp_path}/none.sock") as channel:
        with pytest.raises(Busy) as caught:
            await ask(channel, "")
    assert caught.value.reason is Reason.BRICK_UNREACHABLE
    assert caught.value.metadata == {"service": "llm"}


async def test_health_is_told_per_service_and_watched_to_the_end(tmp_path: Path) -> None:
    seen = []

    async def watch(channel: grpc.aio.Channel, begun: asyncio.Event) -> None:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=NAME)
        with suppress(grpc.aio.AioRpcError):
            async for answer in stub.Watch(request, timeout=30):
                seen.append(answer.status)
                begun.set()

    address, begun = f"unix:{tmp_path}/s", asyncio.Event()
    async with open_channel(address) as channel:
        async with running([NAME], Llm().register, service="llm", address=address, drain_seconds=9):
            stub = health_pb2_grpc.HealthStub(channel)
            for name in ("", NAME):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=30)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            watching = asyncio.create_task(watch(channel, begun))
            await begun.wait()
        await watching
    serving, stopped = (
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    )
    assert seen == [serving, stopped]


async def test_reflection_names_the_services() -> None:
    async with served(Llm().register, service_names=[NAME]) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = [answer async for answer in stub.ServerReflectionInfo([request], timeout=30)]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {NAME, "grpc.health.v1.Health"} <= names


async def test_a_call_that_outlasts_the_grace_is_told_why_it_ends(tmp_path: Path) -> None:
    llm, address = Llm(), f"unix:{tmp_path}/s"
    async with open_channel(address) as channel:
        async with running([], llm.register, service="llm", address=address, drain_seconds=0.05):
            running_call = asyncio.create_task(ask(channel, "wait"))
            await llm.begun.wait()
        with pytest.raises(BrickworkError) as caught:
            await running_call
    assert caught.value.reason is Reason.BRICK_STOPPING
    assert caught.value.retry_after_seconds == 1.0
    assert llm.ended.is_set()


async def test_a_caller_that_leaves_ends_the_work() -> None:
    llm = Llm()
    async with served(llm.register) as channel:
        running_call = asyncio.create_task(ask(channel, "wait"))
        await llm.begun.wait()
        running_call.cancel()
        async with asyncio.timeout(30):
            await llm.ended.wait()


def reason_of(address: str) -> Reason:
    with pytest.raises(BrickworkError) as caught, reserved(address):
        pass
    return caught.value.reason


def test_addresses_that_nobody_can_listen_on_are_invalid(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    for address in (
        "",
        "unix:",
        "unix:relative.sock",
        f"unix:{tmp_path}/{'a' * 108}",
        f"unix:{tmp_path}/file",
        f"unix:{tmp_path}/file/a.sock",
        f"unix:{tmp_path}/open/a.sock",
        "localhost",
        "localhost:0",
        "localhost:65536",
        "localhost:http",
        "no-such-host.invalid:4000",
    ):
        assert reason_of(address) is Reason.ADDRESS_INVALID, address


def test_a_taken_address_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert reason_of(f"127.0.0.1:{other.getsockname()[1]}") is Reason.ADDRESS_TAKEN
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        assert reason_of(f"unix:{path}") is Reason.ADDRESS_TAKEN
    assert path.exists()
    with reserved(f"unix:{path}"):
        assert not path.exists()  # Its owner is dead.
        assert reason_of(f"unix:{path}") is Reason.ADDRESS_TAKEN


def test_the_folder_of_a_socket_is_private(tmp_path: Path) -> None:
    with reserved(f"unix:{tmp_path}/new/a.sock"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
